# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What all machines share. A machine's file is read after this one; it sets machine_about and
# adds to the arrays. Device addresses on bus 0: 01 the IOMMU where it is a device, 02 to 09
# devices for tests, 1a to 1c the lab's own way in and out.

machine_type=q35,kernel-irqchip=split
# Processors that take turns on one thread: each on a thread of its own costs more than twice the time.
machine_accel=tcg,thread=single
# What takes long when it is emulated: "rep movsb", by which the kernel and libc move bytes where there is erms
# or fsrm; and entering and leaving user memory under smap.
machine_cpu=max,erms=off,fsrm=off,smap=off
# On a busy host the timer's test in early boot misses ticks, and where interrupts are remapped the
# kernel gives up over that.
machine_append=(no_timer_check)
machine_env=()
machine_qemu=(
	-device virtio-serial-pci,addr=0x1a,ioeventfd=off
	-device virtio-9p-pci,fsdev=host,mount_tag=host,addr=0x1b
	-device virtio-9p-pci,fsdev=out,mount_tag=out,addr=0x1c
)

# machine_nvme VARIABLE BDF PLACE: an NVMe with the known disk; what it writes is forgotten
machine_nvme()
{
	local id=disk${#machine_qemu[@]}

	machine_qemu+=(
		-drive "file=${lab_disk//,/,,},if=none,id=$id,format=raw,snapshot=on"
		-device "nvme,serial=$id,drive=$id,$3"
	)
	machine_env+=("$1=$2")
}

# machine_device VARIABLE BDF DEVICE: any device whose address the command should know
machine_device()
{
	machine_qemu+=(-device "$3")
	machine_env+=("$1=$2")
}

machine_intel_iommu()
{
	machine_qemu+=(-device
		intel-iommu,intremap=on,caching-mode=off,aw-bits=48,dma-drain=on,device-iotlb=on)
	machine_append+=(intel_iommu=on)
}

# Where no IOMMU isolates interrupts, both ways to VFIO want to be told that this is fine.
machine_unsafe_interrupts()
{
	machine_append+=(vfio_iommu_type1.allow_unsafe_interrupts=1
		iommufd.allow_unsafe_interrupts=1)
}

# Two e1000e at 00:04.0 and 00:05.0, wired to each other
machine_nics()
{
	machine_qemu+=(-netdev hubport,id=hub0,hubid=0 -netdev hubport,id=hub1,hubid=0)
	machine_device LAB_NIC0 0000:00:04.0 e1000e,netdev=hub0,addr=0x4,romfile=
	machine_device LAB_NIC1 0000:00:05.0 e1000e,netdev=hub1,addr=0x5,romfile=
}

# An e1000e at 00:06.0 in QEMU's user-mode network, where the gateway 10.0.2.2 answers to ARP and ping
# and lets nothing out to the host.
machine_user_nic()
{
	machine_qemu+=(-netdev user,id=user0,restrict=on)
	machine_device LAB_NIC2 0000:00:06.0 e1000e,netdev=user0,addr=0x6,romfile=
}

# An empty slot behind a root port at 00:0a.0, and the known disk for an nvme in it: see guest/slot.
machine_slot()
{
	machine_device LAB_SLOT 0000:00:0a.0 pcie-root-port,id=slot0,addr=0xa,chassis=10
	machine_qemu+=(-blockdev "driver=raw,node-name=slot-disk,read-only=on,file.driver=file,file.filename=${lab_disk//,/,,}")
}

# An igb with its virtual functions, in a user-mode network of its own, behind a root port at 00:08.0.
# QEMU has it from 8.0 on.
machine_igb()
{
	"$lab_qemu" -device igb,help 2>/dev/null | grep -q '^igb options' || return 0
	machine_qemu+=(-device pcie-root-port,id=port1,addr=0x8,chassis=1
		-netdev user,id=user1,restrict=on)
	machine_device LAB_IGB 0000:01:00.0 igb,netdev=user1,bus=port1,romfile=
}
