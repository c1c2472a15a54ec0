# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Packages without installing them, by an apt of the lab's own: its lists and settings live in
# $lab_apt and go with it; only mirror, keyring and proxies are the machine's.

# Where Debian has the kernels that the machine's own release may lack.
APT_MORE_SUITES=(trixie trixie-backports)

# Lines "URI SUITE FILE:ENTRY" of the machine's Debian sources; apt reads both its formats itself.
apt_sources_of_machine()
{
	# shellcheck disable=SC2016 # names for apt, not for the shell
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(SOURCESENTRY)' \
		'Created-By: Packages' 'Component: main' 2>/dev/null | sort -u | grep /debian
}

# apt_keyring FILE: the first key file named in it, as an option of a one-line entry
apt_keyring()
{
	local key

	key=$(sed -nE 's/.*[Ss]igned-[Bb]y[:=] *(\/[^] ]+).*/\1/p' "$1" 2>/dev/null | head -n 1)
	printf '%s' "${key:+ signed-by=$key}"
}

# The machine's release with its backports, where newer versions of what it has are
apt_backports_suite()
{
	(. /etc/os-release && echo "${VERSION_CODENAME-}-backports")
}

# Lists: "own" has the machine's suites, "more" and "backports" add to them. Fails without a mirror.
apt_write_lists()
{
	local uri suite entry options mirror=''

	: >"$lab_apt/own.list"
	while read -r uri suite entry; do
		options="arch=amd64$(apt_keyring "${entry%:*}")"
		echo "deb [$options] $uri $suite main" >>"$lab_apt/own.list"
		[[ $suite == *-security* ]] || mirror="[$options] $uri"
	done < <(apt_sources_of_machine)
	[ -n "$mirror" ] || return 1
	cp "$lab_apt/own.list" "$lab_apt/more.list"
	cp "$lab_apt/own.list" "$lab_apt/backports.list"
	echo "deb $mirror $(apt_backports_suite) main" >>"$lab_apt/backports.list"
	for suite in "${APT_MORE_SUITES[@]}"; do
		echo "deb $mirror $suite main" >>"$lab_apt/more.list"
	done
}

apt_write_settings()
{
	apt-config dump | grep -i '^Acquire::.*proxy\|^Acquire::Check-'
	cat <<-END
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "$lab_apt/$1.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::lists "$lab_apt/lists";
		Dir::Cache "$lab_apt/cache";
		Acquire::Languages "none";
		APT::Sandbox::User "root";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
	END
}

# apt_use LIST: from here on apt means the lab's own, with fresh package lists. A suite that the
# mirror lacks is no reason to stop: what counts is whether the wanted package turns up.
apt_use()
{
	need apt apt-get apt-cache apt-config dpkg-deb
	make_dir "$lab_apt/lists/partial"
	make_dir "$lab_apt/cache/archives/partial"
	apt_write_lists || die "no Debian mirror among this machine's apt sources, and the lab's" \
		"kernels come from there (see sources.list(5))"
	apt_write_settings "$1" >"$lab_apt/$1.conf"
	export APT_CONFIG="$lab_apt/$1.conf"
	interruptible apt-get -qq update >"$lab_apt/log" 2>&1
}

# The candidate version of a package; nothing where there is none.
apt_version()
{
	apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'
}

# Of the packages whose name matches, the one with the highest version in its name.
apt_newest()
{
	apt-cache --names-only search "$1" 2>/dev/null | cut -d ' ' -f 1 | sort -V | tail -n 1
}

# The first dependency of a package whose name begins with PREFIX
apt_depends()
{
	apt-cache depends "$1" 2>/dev/null | sed -n "s/^  Depends: \($2.*\)/\1/p" | head -n 1
}

# apt_missing_for PACKAGE SUITE: what installing the suite's package would install or renew on this
# machine, as PACKAGE=VERSION lines; none where there is no such package
apt_missing_for()
{
	apt-get -s --no-install-recommends -t "$2" install "$1" 2>>"$lab_apt/log" |
		sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p'
}

# apt_download PACKAGE=VERSION DIR: leaves one .deb there
apt_download()
{
	interruptible env -C "$2" apt-get -qq download "$1" >"$lab_apt/log" 2>&1
}

# What apt had to say when something did not work: nothing, or a reason in parentheses.
apt_error()
{
	sed -n '/^[EW]: /{s/.*/ (&)/p;q}' "$lab_apt/log"
}
