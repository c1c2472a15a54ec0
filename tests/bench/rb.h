/* SPDX-License-Identifier: MIT */
/* The red-black tree that many a peer keeps its mappings in, to be measured against. */
#ifndef RB_H
#define RB_H

#include <stdint.h>

#include <bsd/sys/tree.h>

struct node {
	RB_ENTRY(node) entry;
	uint64_t iova;
	uint64_t length;
	uint64_t va;
	uint64_t flags;
};

static inline int compare_nodes(const struct node *a, const struct node *b)
{
	return a->iova < b->iova ? -1 : a->iova > b->iova;
}

RB_HEAD(rb, node);
RB_GENERATE_INTERNAL(rb, node, entry, compare_nodes, __attribute__((unused)) static)

#endif
