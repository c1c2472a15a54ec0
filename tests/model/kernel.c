// SPDX-License-Identifier: MIT
/* What the kernel holds, where each mapping is an extent of its own. */
#include <inttypes.h>

#include "test.h"

void check_kernel(struct test *test)
{
	const struct model *model = &test->model;
	static struct kernel_view view;
	if (!test->world->fake || test->shared)
		return;
	look_at_kernel(test, &view);
	size_t should_be = is_attached(test) ? model->n_pieces : 0;
	if (view.count != should_be)
		wrong(test, "the kernel has %zu mappings, should be %zu", view.count, should_be);
	for (size_t i = 0; i < should_be; i++)
		if (!same_mapping(&model->pieces[i], &view.mappings[i]))
			wrong(test, "the kernel has 0x%" PRIx64 " to 0x%" PRIx64 " at %p",
			      view.mappings[i].iova, view.mappings[i].last, view.mappings[i].va);
	if (fake_count_mapped_bytes(test->world->fake) !=
	    (is_attached(test) ? model_bytes(model) : 0))
		wrong(test, "the kernel has %" PRIu64 " bytes mapped",
		      fake_count_mapped_bytes(test->world->fake));
}
