// SPDX-License-Identifier: MIT
/* Tests percentiles against values whose percentiles are known. */
#include <stdio.h>
#include <stdlib.h>

#include "histogram.h"

static void expect(const struct histogram *histogram, double share, uint64_t right)
{
	uint64_t got = histogram_percentile(histogram, share);
	if (got >= right && got - right <= right / 32)
		return;
	printf("percentile %.3f is %lu, not %lu\n", share, (unsigned long)got,
	       (unsigned long)right);
	exit(EXIT_FAILURE);
}

int main(void)
{
	static struct histogram all, half, none;

	for (uint64_t value = 1; value <= 1000000; value++)
		histogram_add(value % 2 ? &half : &all, value * 7);
	histogram_merge(&all, &half);
	expect(&all, 0, 7);
	for (uint64_t permille = 1; permille < 1000; permille++)
		expect(&all, (double)permille / 1000, permille * 7000);
	histogram_add(&all, UINT64_MAX);
	expect(&all, 1, UINT64_MAX);
	expect(&none, 0.5, 0);
	puts("percentiles are right");
	return EXIT_SUCCESS;
}
