# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# How a kernel is made from its package.

# A higher number here, another make command or another configuration make every kernel anew.
kernel_recipe=1
kernel_make=(make ARCH=x86_64 KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab)

# kernel_require NAME DIR: what getting it needs, asked before anything is begun
kernel_require()
{
	local packages="make gcc flex bison bc libelf-dev libssl-dev xz-utils rsync perl"

	case $1 in
	stock)
		need "kmod xz-utils" depmod modprobe xz
		need_space "$2" 1200 "unpacking a kernel"
		;;
	*)
		need "$packages" make gcc flex bison bc xz rsync perl
		[ -e /usr/include/gelf.h ] || die "missing: gelf.h (apt-get install $packages)"
		need_space "$2" 3000 "building a kernel"
		;;
	esac
}

# kernel_fetch NAME DIR: the package's file into DIR, its path in $kernel_deb
kernel_fetch()
{
	say "kernel $1: downloading $kernel_package $kernel_version"
	apt_download "$kernel_package=$kernel_version" "$2" ||
		die "kernel $1: the download of $kernel_package failed$(apt_error)"
	kernel_deb=$(echo "$2"/*.deb)
}

# kernel_fragment SOURCE: what to ask of this source; "optional" symbols only if it knows them
kernel_fragment()
{
	local line known symbol optional=

	known=" $(find "$1" -name 'Kconfig*' -type f -exec cat {} + |
		sed -nE 's/^[[:space:]]*(menu)?config ([A-Za-z0-9_]+)$/\2/p' | tr '\n' ' ') "
	while read -r line; do
		case $line in
		'# optional'*) optional=yes ;;
		CONFIG_*)
			symbol=${line%%=*}
			[ -n "$optional" ] && [[ $known != *" ${symbol#CONFIG_} "* ]] || echo "$line"
			;;
		'# CONFIG_'*) echo "$line" ;;
		esac
	done <"$lab_dir/config/kernel.config"
}

# kernel_lost FRAGMENT CONFIG: the lines that did not make it
kernel_lost()
{
	local line

	while read -r line; do
		case $line in
		CONFIG_*) grep -qxF -- "$line" "$2" || echo "$line" ;;
		*' is not set')
			line=${line#'# '}
			! grep -q "^${line%% *}=" "$2" || echo "${line%% *}=n"
			;;
		esac
	done <"$1"
}

# kernel_progress NAME PID LOG: a line now and then until the process ends
kernel_progress()
{
	local began=$SECONDS next=0 line

	while kill -0 "$2" 2>/dev/null; do
		line="kernel $1: building, $(grep -c '^  [A-Z]' "$3") of about 2000 steps"
		line+=", $((SECONDS - began)) s"
		if [ -t 2 ]; then
			printf '\rlab: %s ' "$line" >&2
		elif [ $SECONDS -ge $next ]; then
			say "$line"
			next=$((SECONDS + 10))
		fi
		sleep 1
	done
	[ ! -t 2 ] || echo >&2
}

# kernel_unpack_source NAME DIR: the source of $kernel_deb into DIR
kernel_unpack_source()
{
	say "kernel $1: unpacking"
	make_dir "$2"
	# shellcheck disable=SC2016 # for the inner shell
	interruptible bash -c 'set -o pipefail; dpkg-deb --fsys-tarfile "$1" |
		tar -x --to-stdout --wildcards "./usr/src/*.tar.xz" |
		tar -x --xz --strip-components 1 -C "$2"' - "$kernel_deb" "$2" 2>"$kernel_log" ||
		die "kernel $1: cannot unpack $kernel_package: $(tail -n 1 "$kernel_log")"
	rm -f -- "$kernel_deb"
}

kernel_configure()
{
	local lost

	kernel_fragment "$2" >"$2/lab.config"
	"${kernel_tool[@]}" -s "KCONFIG_ALLCONFIG=$2/lab.config" allnoconfig >"$kernel_log" 2>&1 ||
		die "kernel $1: its configuration fails (see $kernel_log)"
	lost=$(kernel_lost "$2/lab.config" "$2/.config" | tr '\n' ' ')
	[ -z "$lost" ] || die "kernel $1: this source drops ${lost% } (mend config/kernel.config)"
}

kernel_compile()
{
	: >"$kernel_log"
	start "${kernel_tool[@]}" "-j$(nproc)" bzImage >>"$kernel_log" 2>&1
	kernel_progress "$1" "$started" "$kernel_log"
	wait "$started" || die "kernel $1: the build fails:" \
		"$(grep -m 1 -i 'error' "$kernel_log") (see $kernel_log)"
	unset 'lab_children[-1]'
}

# kernel_build NAME DIR: a kernel from its source package, with the headers that belong to it
kernel_build()
{
	local source=$2/source

	local kernel_tool=(env -u MAKEFLAGS -u MFLAGS -u KCFLAGS -C "$source" "${kernel_make[@]}")

	kernel_log=$kernel_cache/$1.build.log
	kernel_fetch "$1" "$2"
	kernel_unpack_source "$1" "$source"
	kernel_configure "$1" "$source"
	kernel_compile "$1"
	"${kernel_tool[@]}" -s headers_install "INSTALL_HDR_PATH=$2" >>"$kernel_log" 2>&1 ||
		die "kernel $1: its headers do not install (see $kernel_log)"
	"${kernel_tool[@]}" -s kernelrelease >"$2/release" &&
		mv -- "$source/.config" "$2/config" &&
		cp -- "$source/drivers/iommu/iommufd/iommufd_test.h" "$2/" &&
		mv -- "$source/arch/x86/boot/bzImage" "$2/bzImage" ||
		die "kernel $1: cannot keep the result in $2"
	interruptible rm -rf -- "$source"
	say "kernel $1: $(cat "$2/release") is ready"
}

# What the stock kernel has as modules and the guest's start needs, and what no test will.
kernel_boot_modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay virtio_iommu)
kernel_no_use=(drivers/{gpu,media,infiniband,staging,isdn,iio,usb,hid,input,mtd,bluetooth}
	drivers/net/{wireless,can,usb} drivers/net/ethernet/{mellanox,broadcom,chelsio,qlogic}
	sound net/{bluetooth,mac80211,wireless} fs/{ocfs2,ceph,xfs,btrfs,f2fs,gfs2,jfs,reiserfs})

# kernel_unpack NAME DIR: a kernel as the distribution built it, with its modules
kernel_unpack()
{
	local files=$2/files modules release module i=100

	kernel_fetch "$1" "$2"
	say "kernel $1: unpacking"
	interruptible dpkg-deb -x "$kernel_deb" "$files" ||
		die "kernel $1: cannot unpack $kernel_package"
	rm -f -- "$kernel_deb"
	modules=$(find "$files" -type d -path '*/lib/modules/*/kernel' -prune -printf '%h')
	release=${modules##*/}
	[ -z "$release" ] || (cd "$modules/kernel" && rm -rf -- "${kernel_no_use[@]}")
	make_dir "$2/lib/modules"
	make_dir "$2/boot"
	mv -- "$modules" "$2/lib/modules/" && depmod -b "$2" "$release" ||
		die "kernel $1: its modules are not where they used to be"
	while read -r _ module _; do
		i=$((i + 1))
		case $module in
		*.xz) xz -dc "$module" >"$2/boot/$i.ko" ;;
		*.ko) cp -- "$module" "$2/boot/$i.ko" ;;
		esac || die "kernel $1: cannot keep $module"
	done < <(kernel_module_order "$2" "$release")
	echo "$release" >"$2/release"
	cp -- "$files/boot/config-$release" "$2/config" 2>/dev/null ||
		cp -- "$2/lib/modules/$release/config" "$2/config"
	mv -- "$files/boot/vmlinuz-$release" "$2/bzImage" 2>/dev/null ||
		mv -- "$2/lib/modules/$release/vmlinuz" "$2/bzImage" ||
		die "kernel $1: $kernel_package has no vmlinuz"
	rm -rf -- "$files"
	say "kernel $1: $release is ready"
}

# kernel_module_order DIR RELEASE: "insmod FILE" lines, each module once, needed ones first
kernel_module_order()
{
	local name

	for name in "${kernel_boot_modules[@]}"; do
		modprobe -d "$1" -S "$2" --show-depends "$name" 2>/dev/null
	done | grep '^insmod ' | awk '!seen[$0]++'
}
