# SPDX-License-Identifier: MIT
# The tests that run in the lab. One boot runs a machine's suites; a test per suite shows the result.
# A guest keeps one processor busy; contract suites wait half of the time. COST is about how many seconds a
# test takes: where ctest has not seen it run yet, that lets those that take longest begin first.

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
    FIXTURES_SETUP ${VIOC_TEST_PREFIX}${where} COST 200 TIMEOUT 700 LABELS lab)
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
    FIXTURES_SETUP ${VIOC_TEST_PREFIX}model-${where} COST 120 TIMEOUT 700 LABELS lab)
  foreach(backend IN LISTS ARGN)
    vioc_test(model-${backend}@${where} COMMAND model/lab-run --result ${out} ${backend})
    vioc_properties(model-${backend}@${where}
      FIXTURES_REQUIRED ${VIOC_TEST_PREFIX}model-${where} LABELS lab)
  endforeach()
endfunction()

# vioc_lab_examples(KERNEL SET EXAMPLES BACKEND...): SET is for the names of the tests
function(vioc_lab_examples kernel set examples)
  set(where ${kernel}-${set})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/lab/examples-${where})
  list(JOIN examples " " names)
  vioc_test(lab-examples-${where}
    COMMAND examples/lab-run ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/examples ${kernel} ${out}
    ${names} ${ARGN})
  vioc_properties(lab-examples-${where}
    FIXTURES_SETUP ${VIOC_TEST_PREFIX}examples-${where} COST 150 TIMEOUT 700 LABELS lab)
  foreach(backend IN LISTS ARGN)
    foreach(example IN LISTS examples)
      vioc_test(${example}-${backend}@${where}
        COMMAND examples/lab-run --result ${out} ${example} ${backend})
      vioc_properties(${example}-${backend}@${where}
        FIXTURES_REQUIRED ${VIOC_TEST_PREFIX}examples-${where} LABELS lab)
    endforeach()
  endforeach()
endfunction()

set(examples course edu net-loop net-no-calls net-fwd net-ping nvme-read nvme-perf nvme-unplug)

# Examples' own code is the same on every backend. nvme-perf is the one with threads.
if(VIOC_SANITIZE STREQUAL thread)
  if(VIOC_EXAMPLES)
    vioc_lab_examples(6.12 intel nvme-perf iommufd)
  endif()
  return()
endif()

# Every case runs on this kernel with sanitizers, and on the newest one without. What compat has of its own is
# sanitized with the fake kernel.
if(VIOC_SANITIZE)
  vioc_lab_contract(6.12 intel legacy iommufd)
  if(VIOC_EXAMPLES)
    list(REMOVE_ITEM examples net-no-calls net-fwd) # net-loop moves frames, too
    vioc_lab_examples(6.12 intel "${examples}" iommufd)
  endif()
  return()
endif()

vioc_lab_contract(newest intel legacy iommufd compat)
if(VIOC_EXAMPLES)
  vioc_lab_examples(6.12 intel "${examples}" legacy iommufd compat)
endif()
if(VIOC_EXAMPLES AND TARGET vioc-bind)
  vioc_lab_examples(6.12 igb "igb-vf;igb" legacy iommufd compat)
endif()

vioc_lab_model(6.12 intel 6000 legacy iommufd compat)
vioc_lab_model(newest intel 5000 iommufd) # which maps by file
vioc_lab_contract(6.12 group legacy iommufd compat)
vioc_lab_contract(6.12 group-blocked legacy iommufd compat)
vioc_lab_contract(6.12 bypass legacy iommufd compat)
# The same IOMMU driver is behind compat as behind iommufd.
vioc_lab_contract(6.12 amd legacy iommufd)
vioc_lab_contract(6.12 virtio legacy iommufd)
vioc_lab_contract(newest group iommufd) # where VF tokens are for cdevs too
vioc_lab_contract(stock intel legacy)

foreach(machine intel amd virtio group bypass noiommu)
  if(TARGET vioc-ls)
    vioc_test(vioc-ls-why@${machine} COMMAND tools/lab-why ${PROJECT_SOURCE_DIR}
      $<TARGET_FILE:vioc-ls> 6.12 ${machine})
    vioc_properties(vioc-ls-why@${machine} COST 100 TIMEOUT 600 LABELS lab)
  endif()
endforeach()

foreach(machine intel group virtio)
  vioc_test(vioc-bind@${machine} COMMAND tools/lab-bind ${PROJECT_SOURCE_DIR}
    $<TARGET_FILE:vioc-bind> 6.12 ${machine})
  vioc_properties(vioc-bind@${machine} COST 100 TIMEOUT 700 LABELS lab)
endforeach()

vioc_test(vioc-run@kvm COMMAND tools/lab-vioc-run ${PROJECT_SOURCE_DIR} $<TARGET_FILE:vioc-run> 6.12)
vioc_properties(vioc-run@kvm COST 110 TIMEOUT 500 LABELS lab)

if(VIOC_EXAMPLES)
  foreach(machine intel group)
    vioc_test(vioc-broker@${machine} COMMAND tools/lab-broker ${PROJECT_SOURCE_DIR}
      ${PROJECT_BINARY_DIR} 6.12 ${machine})
    vioc_properties(vioc-broker@${machine} COST 110 TIMEOUT 500 LABELS lab)
  endforeach()
endif()

set(outs "")
set(fixtures "")
foreach(where newest-intel 6.12-group 6.12-group-blocked 6.12-bypass)
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

# The machines are looked at where vioc-ls-why has booted them.
vioc_test(lab-itself COMMAND lab/test-lab quick)
vioc_properties(lab-itself COST 300 TIMEOUT 900 LABELS lab)
