# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bus 0 bypasses the IOMMU as a whole, and so does the host bridge of bus 20; that of bus 10 does
# not. Interrupt remapping is off in the kernel, for with it a device that bypasses gets no MSI.
machine_about="intel where bus 10 is translated, buses 0 and 20 bypass: nvme on 10 and 20, edu on 0"
machine_type+=,default_bus_bypass_iommu=on
machine_intel_iommu
machine_append+=(intremap=off)
machine_unsafe_interrupts
machine_qemu+=(
	-device pxb-pcie,bus_nr=0x10,id=host10,bus=pcie.0,addr=0x6
	-device pxb-pcie,bus_nr=0x20,id=host20,bus=pcie.0,addr=0x7,bypass_iommu=on
	-device pcie-root-port,id=port10,bus=host10,chassis=10
	-device pcie-root-port,id=port20,bus=host20,chassis=20
)
machine_nvme LAB_NVME 0000:11:00.0 bus=port10
machine_nvme LAB_BYPASS 0000:21:00.0 bus=port20
machine_device LAB_EDU 0000:00:03.0 edu,bus=pcie.0,addr=0x3
