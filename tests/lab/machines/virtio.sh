# SPDX-License-Identifier: MIT
# shellcheck shell=bash
machine_about="virtio-iommu (00:01.0, no interrupt remapping): nvme, edu, two e1000e"
machine_qemu+=(-device virtio-iommu-pci,addr=0x1)
machine_unsafe_interrupts
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_device LAB_EDU 0000:00:03.0 edu,addr=0x3
machine_nics
