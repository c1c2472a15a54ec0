# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The sibling has a kernel driver (virtio-pci), so the group is not viable before it is unbound.
machine_about="intel with two devices in one group behind a PCIe-to-PCI bridge; nvme apart"
machine_intel_iommu
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_qemu+=(
	-device pcie-root-port,id=port1,addr=0x8,chassis=1
	-device pcie-pci-bridge,id=bridge1,bus=port1
)
machine_device LAB_EDU 0000:02:01.0 edu,bus=bridge1,addr=0x1
machine_device LAB_SIBLING 0000:02:02.0 virtio-rng-pci,bus=bridge1,addr=0x2
