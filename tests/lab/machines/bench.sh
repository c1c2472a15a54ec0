# SPDX-License-Identifier: MIT
# shellcheck shell=bash
. "$lab_dir/machines/intel.sh"
machine_about="intel with a second nvme, so that the kernel's driver can be compared with"
# What is said of parallel work is about threads that run at the same time.
machine_accel=tcg,thread=multi
machine_nvme LAB_PEER 0000:00:07.0 addr=0x7
