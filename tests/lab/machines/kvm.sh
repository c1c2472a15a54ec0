# SPDX-License-Identifier: MIT
# shellcheck shell=bash
. "$lab_dir/machines/intel.sh"
machine_about="intel with SVM in the processor, so that /dev/kvm works inside"
machine_cpu+=,svm=on,npt=on
