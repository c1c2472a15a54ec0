# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The sibling has a kernel driver (virtio-pci), so the group is not viable before it is unbound.
machine_about="intel with two devices in one group behind a PCIe-to-PCI bridge; nvme, and one with SR-IOV, apart"
machine_intel_iommu
machine_nvme LAB_NVME 0000:00:02.0 addr=0x2
machine_qemu+=(
	-device pcie-root-port,id=port1,addr=0x8,chassis=1
	-device pcie-pci-bridge,id=bridge1,bus=port1
)
machine_device LAB_EDU 0000:02:01.0 edu,bus=bridge1,addr=0x1
machine_device LAB_SIBLING 0000:02:02.0 virtio-rng-pci,bus=bridge1,addr=0x2
# An nvme with a virtual function, which 0000:03:00.1 becomes when sriov_numvfs is set.
machine_qemu+=(
	-device pcie-root-port,id=port3,addr=0x9,chassis=3
	-device nvme-subsys,id=subsystem
)
machine_device LAB_PF 0000:03:00.0 nvme,bus=port3,serial=sriov,subsys=subsystem,max_ioqpairs=4,msix_qsize=6,sriov_max_vfs=1,sriov_vq_flexible=2,sriov_vi_flexible=1
