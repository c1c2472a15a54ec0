# SPDX-License-Identifier: MIT
# shellcheck shell=bash
machine_about="no IOMMU at all, VFIO's noiommu mode allowed: nvme, edu, two e1000e"
machine_append+=(vfio.enable_unsafe_noiommu_mode=1)
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_device LAB_EDU 0000:00:03.0 edu,addr=0x3
machine_nics
