# SPDX-License-Identifier: MIT
# shellcheck shell=bash
machine_about="Intel VT-d, interrupt remapping: nvme, edu, a large BAR, a slot, three e1000e, igb where QEMU has it"
machine_intel_iommu
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_device LAB_EDU 0000:00:03.0 edu,addr=0x3
machine_device LAB_BAR 0000:00:09.0 pci-testdev,membar=4M,addr=0x9
machine_nics
machine_user_nic
machine_slot
machine_igb
