# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC1091
# Process 1 of the guest, in the host's root: makes the place usable, binds what the job names,
# runs its command with the three streams on ports of their own, and powers off.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# port NAME: its device node, in $node; ports appear a moment after their controller
port()
{
	node=
	while [ -z "$node" ]; do
		for dir in /sys/class/virtio-ports/*; do
			read -r name <"$dir/name" || continue
			[ "$name" != "$1" ] || node=/dev/${dir##*/}
		done 2>/dev/null
		[ -n "$node" ] || sleep 0.05
	done
}

# Ends in a place that needs nothing from the host: its file system goes first. So does
# virtio-iommu, and an nvme behind it waits a minute for the answer to its good-bye.
power_off()
{
	for dev in /sys/bus/pci/drivers/nvme/0*; do
		[ "$LAB_MACHINE" != virtio ] || echo "${dev##*/}" >"$dev/driver/unbind"
	done
	mkfifo /run/lab/never
	echo o >/proc/sysrq-trigger
	read -r _ </run/lab/never
}

# The lab could not do its part: one line for the host.
give_up()
{
	echo "fail $*" >&3
	power_off
}

# Kernels with modules: theirs where modprobe looks, and those that tests count on.
load_modules()
{
	[ -d "$LAB_KERNEL_DIR/lib/modules" ] || return 0
	mkdir -p "/lib/modules/$(uname -r)"
	mount --bind "$LAB_KERNEL_DIR/lib/modules/$(uname -r)" "/lib/modules/$(uname -r)" ||
		give_up "the guest does not see $LAB_KERNEL_DIR (is it on the host's root?)"
	modprobe -aq nvme e1000e igb igbvf vfio-pci
	! grep -qw svm /proc/cpuinfo || modprobe -q kvm_amd
}

tune()
{
	# Address space randomisation of 32 bits is more than sanitizers of older compilers can take.
	echo 28 >/proc/sys/vm/mmap_rnd_bits
	echo lab >/proc/sys/kernel/hostname
}

# drivers_probe succeeds whatever comes of it: only the driver link tells.
bind()
{
	dev=/sys/bus/pci/devices/$1

	[ -d "$dev" ] || give_up "--bind $1: the machine has no such device"
	echo vfio-pci >"$dev/driver_override"
	[ ! -e "$dev/driver" ] || echo "$1" >"$dev/driver/unbind"
	echo "$1" >/sys/bus/pci/drivers_probe
	driver=$(readlink "$dev/driver")
	[ "${driver##*/}" = vfio-pci ] || give_up "--bind $1: vfio-pci did not take it:" \
		"$(dmesg | grep -i "vfio.*$1\|$1.*vfio" | tail -n 1 | cut -d ']' -f 2-)"
}

# Ends every program except this one and the two that carry the streams.
end_stragglers()
{
	for dir in /proc/[0-9]*; do
		case " 1 $pumps " in
		*" ${dir##*/} "*) ;;
		*) [ ! -e "$dir/exe" ] || kill -KILL "${dir##*/}" ;;
		esac
	done 2>/dev/null
}

# The command's streams are plain pipes to it; cat carries them to the ports.
run_program()
{
	mkfifo /run/lab/1 /run/lab/2
	port lab.out
	cat </run/lab/1 >"$node" &
	pumps=$!
	port lab.err
	cat </run/lab/2 >"$node" &
	pumps="$pumps $!"
	(
		exec </dev/null >/run/lab/1 2>/run/lab/2 3>&-
		job_exec
	)
	status=$?
	end_stragglers
	# shellcheck disable=SC2086 # two words
	wait $pumps
}

run_shell()
{
	# shellcheck disable=SC2016 # for the inner shell
	setsid --ctty --wait sh -c '. /run/lab/job && stty $LAB_STTY && job_exec' \
		</dev/hvc0 >/dev/hvc0 2>&1 3>&-
	status=$?
}

exec </dev/null >/dev/console 2>&1
. /run/lab/job
port lab.ctl
exec 3>"$node"
load_modules
tune
for bdf in $job_bind; do
	bind "$bdf"
done
if [ -n "$job_qmp" ]; then
	port lab.qmp
	export LAB_QMP="$node"
fi
cd "$job_dir" || give_up "the guest has no $job_dir (its /dev, /proc, /run and /sys are its own)"
run_"$job_kind"
echo "exit $status" >&3
power_off
