// SPDX-License-Identifier: MIT
/* Becoming somebody who has fewer rights. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "run.h"

const struct passwd *run_find_user(const char *name)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(name, &end, 10);
	bool is_number = *name >= '0' && *name <= '9' && !*end && number < UINT32_MAX && !errno;
	const struct passwd *user = is_number ? getpwuid((uid_t)number) : getpwnam(name);
	if (!user)
		run_die("there is no user \"%s\"", name);
	return user;
}

static void set_memlock(rlim_t bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };
	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		run_die("RLIMIT_MEMLOCK: %s", strerror(errno));
}

/* Whether the rights of root could be had back. */
static bool can_return(void)
{
	return setuid(0) == 0 || setgid(0) == 0;
}

static void become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) < 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		run_die("can't become user %s: %s", user->pw_name, strerror(errno));
	/* No set-uid program either. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		run_die("PR_SET_NO_NEW_PRIVS: %s", strerror(errno));
	if (user->pw_uid != 0 && can_return())
		run_die("user %s could become root again", user->pw_name);
	if (setenv("HOME", user->pw_dir, 1) < 0 || setenv("USER", user->pw_name, 1) < 0 ||
	    setenv("LOGNAME", user->pw_name, 1) < 0)
		run_die("out of memory");
}

void run_drop(const struct run_options *options)
{
	if (options->has_memlock)
		set_memlock(options->memlock);
	if (options->user)
		become(options->user);
}
