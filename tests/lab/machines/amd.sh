# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# QEMU 10.0 gives a unit that can pass through (pt=on) devices whose DMA is never translated, and
# with interrupt remapping loses what the IO-APIC sends, the timer first of all. So both are off.
machine_about="AMD-Vi without interrupt remapping: nvme, edu, two e1000e"
machine_qemu+=(-device amd-iommu,intremap=off,pt=off,device-iotlb=on)
machine_unsafe_interrupts
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_device LAB_EDU 0000:00:03.0 edu,addr=0x3
machine_nics
