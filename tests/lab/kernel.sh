# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Which kernels there are, and the cache they live in. A cached kernel needs no network: the
# file NAME.current remembers which package NAME stood for.

kernel_names=(6.12 newest stock)
kernel_cache="$LAB_CACHE/kernels"

kernel_about()
{
	case $1 in
	6.12) echo "built from linux-source-6.12: iommufd, groups, cdevs, mock domain (default)" ;;
	newest) echo "the same from the newest linux-source that Debian's backports have" ;;
	stock) echo "the distribution's own kernel with its modules: no iommufd, groups only" ;;
	esac
}

# Besides the names, any version X.Y stands for linux-source-X.Y.
kernel_known()
{
	[[ " ${kernel_names[*]} " == *" $1 "* || $1 =~ ^[0-9]+\.[0-9]+$ ]]
}

# kernel_paths NAME PACKAGE VERSION: everything that shapes a kernel is in the folder's name
kernel_paths()
{
	local recipe="$kernel_recipe ${kernel_make[*]}"

	[ "$1" = stock ] || recipe+=$(cat "$lab_dir/config/kernel.config") || die "incomplete lab"
	kernel_package=$2
	kernel_version=$3
	kernel_dir=$kernel_cache/$1-$(printf '%s\n' "$2" "$3" "$recipe" | sha256sum | cut -c 1-16)
}

# Sets $kernel_dir when the kernel can be used as it is.
kernel_cached()
{
	local package version

	read -r package version 2>/dev/null <"$kernel_cache/$1.current" || return 1
	kernel_paths "$1" "$package" "$version"
	[ -e "$kernel_dir/bzImage" ]
}

# Asks the mirror what NAME stands for today.
kernel_resolve()
{
	local package version=

	case $1 in
	newest)
		apt_use more
		package=$(apt_newest '^linux-source-[0-9.]+$')
		;;
	stock)
		apt_use own
		package=$(apt_depends linux-image-amd64 linux-image-)
		;;
	*)
		apt_use more
		package=linux-source-$1
		;;
	esac
	[ -z "$package" ] || version=$(apt_version "$package")
	[ -n "$version" ] || die "kernel $1: no ${package:-package for it} on the mirror$(apt_error)"
	kernel_paths "$1" "$package" "$version"
}

# Under the lock: resolve, make in a folder aside, rename.
kernel_renew()
{
	local name=$1 new=$kernel_cache/$1.new

	[ "$2" = update ] || ! kernel_cached "$name" || return 0
	rm -rf -- "$new"
	lab_litter+=("$new")
	lab_apt=$new/apt
	make_dir "$lab_apt"
	kernel_require "$name" "$new"
	kernel_resolve "$name"
	if [ ! -e "$kernel_dir/bzImage" ]; then
		case $name in
		stock) kernel_unpack "$name" "$new" ;;
		*) kernel_build "$name" "$new" ;;
		esac
		rm -rf -- "$lab_apt" "$kernel_dir"
		mv -T -- "$new" "$kernel_dir" || die "cannot write $kernel_dir"
	fi
	rm -rf -- "$new"
	unset 'lab_litter[-1]'
	echo "$kernel_package $kernel_version" >"$kernel_cache/$name.current.new" &&
		mv -- "$kernel_cache/$name.current.new" "$kernel_cache/$name.current"
}

# kernel_get NAME [update]: afterwards $kernel_dir holds the kernel, or the lab has ended
kernel_get()
{
	kernel_known "$1" || die "no kernel \"$1\" (see: lab list)"
	[ "${2-}" = update ] || ! kernel_cached "$1" || return 0
	make_dir "$kernel_cache"
	with_lock "$kernel_cache/$1.lock" "another lab is getting kernel $1; waiting for it" \
		kernel_renew "$1" "${2-}"
}
