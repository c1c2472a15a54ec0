# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A QEMU that can be given an iommufd, which it can from 9.0 on: this machine's own, or else that of
# its release's backports, unpacked into the cache with the libraries it needs.

qemu_dir="$LAB_CACHE/qemu"

# What counts is what it can do. This also shows whether it runs at all.
qemu_good()
{
	"$1" -object iommufd,help 2>/dev/null | grep -q '^iommufd options'
}

# The libraries are the program's, not those of what it starts; firmware is looked for here first, then
# where the machine's own QEMU would.
qemu_write_start()
{
	cat <<-'END'
		#!/bin/sh
		dir=$(dirname -- "$(readlink -f -- "$0")")
		lib=$dir/usr/lib/x86_64-linux-gnu
		LD_LIBRARY_PATH=$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec \
			"$dir/usr/bin/qemu-system-x86_64" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios" \
			-L /usr/share/qemu -L /usr/share/seabios "$@"
	END
}

# Under the lock: unpack in a folder aside, try it, rename.
qemu_renew()
{
	local new=$qemu_dir.new suite package packages

	! qemu_good "$qemu_dir/qemu" || return 0
	rm -rf -- "$new"
	lab_litter+=("$new")
	lab_apt=$new/apt
	make_dir "$lab_apt/deb"
	need_space "$new" 300 "unpacking QEMU"
	apt_use backports
	suite=$(apt_backports_suite)
	mapfile -t packages < <(apt_missing_for qemu-system-x86 "$suite")
	[ ${#packages[@]} -gt 0 ] ||
		die "no QEMU with the iommufd object: this machine's is older than 9.0, and" \
			"$suite has none$(apt_error)"
	say "qemu: downloading ${#packages[@]} packages of $suite"
	for package in "${packages[@]}"; do
		apt_download "$package" "$lab_apt/deb" ||
			die "qemu: the download of $package failed$(apt_error)"
	done
	for package in "$lab_apt/deb"/*.deb; do
		interruptible dpkg-deb -x "$package" "$new" || die "qemu: cannot unpack $package"
	done
	qemu_write_start >"$new/qemu" && chmod +x "$new/qemu" || die "qemu: cannot write $new"
	qemu_good "$new/qemu" || die "the QEMU of $suite does not run here, or lacks the iommufd" \
		"object: $("$new/qemu" -object iommufd,help 2>&1 | head -n 1)"
	rm -rf -- "$lab_apt" "$qemu_dir"
	mv -T -- "$new" "$qemu_dir" || die "cannot write $qemu_dir"
	unset 'lab_litter[-1]'
	say "qemu: $("$qemu_dir/qemu" --version | head -n 1) is ready"
}

# Afterwards $qemu_program is one, or the lab has ended.
qemu_get()
{
	qemu_program=$(command -v "$lab_qemu") && qemu_good "$qemu_program" && return
	qemu_program=$qemu_dir/qemu
	! qemu_good "$qemu_program" || return 0
	make_dir "$LAB_CACHE"
	with_lock "$qemu_dir.lock" "another lab is getting QEMU; waiting for it" qemu_renew
}
