# SPDX-License-Identifier: MIT
# The tests that run in the lab. One boot runs a machine's suites; a test per suite shows the result.

function(vioc_properties name)
  set_tests_properties(${VIOC_TEST_PREFIX}${name} PROPERTIES ${ARGN})
endfunction()

# vioc_lab_contract(KERNEL MACHINE BACKEND...)
function(vioc_lab_contract kernel machine)
  set(where ${kernel}-${machine})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/lab/${where})
  vioc_test(lab-${where}
    COMMAND contract/lab-run ${PROJECT_SOURCE_DIR} $<TARGET_FILE:contract> ${kernel} ${machine} ${out}
    ${ARGN})
  vioc_properties(lab-${where}
    FIXTURES_SETUP ${VIOC_TEST_PREFIX}${where} PROCESSORS 2 TIMEOUT 400 LABELS lab)
  foreach(backend IN LISTS ARGN)
    vioc_test(contract-${backend}@${where} COMMAND contract/lab-result ${out} ${backend})
    vioc_properties(contract-${backend}@${where}
      FIXTURES_REQUIRED ${VIOC_TEST_PREFIX}${where} LABELS lab)
  endforeach()
endfunction()

# vioc_lab_model(KERNEL MACHINE STEPS BACKEND...)
function(vioc_lab_model kernel machine steps)
  set(where ${kernel}-${machine})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/lab/model-${where})
  vioc_test(lab-model-${where}
    COMMAND model/lab-run ${PROJECT_SOURCE_DIR} $<TARGET_FILE:model> ${kernel} ${machine} ${out}
    ${steps} ${VIOC_MODEL_SEED} ${ARGN})
  vioc_properties(lab-model-${where}
    FIXTURES_SETUP ${VIOC_TEST_PREFIX}model-${where} PROCESSORS 2 TIMEOUT 400 LABELS lab)
  foreach(backend IN LISTS ARGN)
    vioc_test(model-${backend}@${where} COMMAND model/lab-run --result ${out} ${backend})
    vioc_properties(model-${backend}@${where}
      FIXTURES_REQUIRED ${VIOC_TEST_PREFIX}model-${where} LABELS lab)
  endforeach()
endfunction()

vioc_lab_contract(6.12 intel legacy iommufd compat)
if(VIOC_SANITIZE)
  return()
endif()

vioc_lab_model(6.12 intel 30000 legacy iommufd compat)
vioc_lab_contract(6.12 group legacy iommufd compat)
vioc_lab_contract(6.12 group-blocked legacy iommufd compat)
vioc_lab_contract(6.12 bypass legacy iommufd compat)
vioc_lab_contract(6.12 amd legacy iommufd compat)
vioc_lab_contract(6.12 virtio legacy iommufd compat)
vioc_lab_contract(newest intel legacy iommufd compat)
vioc_lab_contract(stock intel legacy)

foreach(machine intel amd virtio group bypass noiommu)
  if(TARGET vioc-ls)
    vioc_test(vioc-ls-why@${machine} COMMAND tools/lab-why ${PROJECT_SOURCE_DIR}
      $<TARGET_FILE:vioc-ls> 6.12 ${machine})
    vioc_properties(vioc-ls-why@${machine} PROCESSORS 2 TIMEOUT 300 LABELS lab)
  endif()
endforeach()

set(outs "")
set(fixtures "")
foreach(where 6.12-intel 6.12-group 6.12-group-blocked 6.12-bypass)
  list(APPEND outs ${CMAKE_CURRENT_BINARY_DIR}/lab/${where})
  list(APPEND fixtures ${VIOC_TEST_PREFIX}${where})
endforeach()
vioc_test(contract-coverage COMMAND contract/lab-coverage $<TARGET_FILE:contract> ${outs})
set_property(TEST ${VIOC_TEST_PREFIX}contract-coverage PROPERTY FIXTURES_REQUIRED ${fixtures})
vioc_properties(contract-coverage LABELS lab)

foreach(kernel 6.12 newest)
  vioc_test(abi-${kernel} COMMAND abi/check ${PROJECT_SOURCE_DIR} ${kernel})
  vioc_properties(abi-${kernel} LABELS lab)
endforeach()

vioc_test(lab-itself COMMAND lab/test-lab)
vioc_properties(lab-itself PROCESSORS 2 TIMEOUT 900 LABELS lab)
