// SPDX-License-Identifier: MIT
#include <errno.h>

#include "ioas/files.h"

int vioci_files_reserve(struct vioci_maps *maps)
{
	if (vioci_maps_reserve(maps, 1) < 0)
		return -ENOMEM;
	if (vioci_tree_reserve(&maps->files, 1) == 0)
		return 0;
	vioci_maps_unreserve(maps, 1);
	return -ENOMEM;
}

void vioci_files_unreserve(struct vioci_maps *maps)
{
	vioci_tree_unreserve(&maps->files, 1);
	vioci_maps_unreserve(maps, 1);
}

void vioci_files_insert(struct vioci_maps *maps, const struct vioci_record *record,
			struct vioci_memfile *file, uint64_t offset)
{
	const struct vioci_item item = {
		.start = record->iova,
		.last = record->last,
		.value = (uintptr_t)file,
		.meta = offset,
	};
	vioci_ref_get(&file->refs);
	vioci_tree_insert(&maps->files, &item);
	vioci_maps_insert(maps, record);
}

static struct vioci_item item_at(const struct vioci_maps *maps, uint64_t iova)
{
	return vioci_tree_get(&maps->files, vioci_tree_seek(&maps->files, iova));
}

struct vioci_file_part vioci_files_at(const struct vioci_maps *maps, uint64_t iova)
{
	struct vioci_item item = item_at(maps, iova);
	return (struct vioci_file_part){
		.file = (const struct vioci_memfile *)(uintptr_t)item.value,
		.offset = item.meta,
	};
}

bool vioci_files_find_device(const struct vioci_maps *maps, const void *device, uint64_t iova,
			     struct vioci_record *ret_record)
{
	struct vioci_cursor cursor = vioci_tree_seek(&maps->files, iova);
	for (; cursor.leaf; cursor = vioci_cursor_next(cursor)) {
		struct vioci_item item = vioci_tree_get(&maps->files, cursor);
		const struct vioci_memfile *file =
			(const struct vioci_memfile *)(uintptr_t)item.value;
		if (file->device == device)
			return vioci_maps_meet(maps, item.start, item.start, ret_record);
	}
	return false;
}

void vioci_files_forget(struct vioci_maps *maps, uint64_t iova)
{
	struct vioci_memfile *file = (struct vioci_memfile *)(uintptr_t)item_at(maps, iova).value;
	vioci_tree_remove(&maps->files, iova, 0);
	if (!vioci_ref_put(&file->refs))
		return;
	file->next = maps->unused_files;
	maps->unused_files = file;
}

void vioci_files_forget_all(struct vioci_maps *maps)
{
	while (maps->files.count)
		vioci_files_forget(
			maps, vioci_tree_get(&maps->files, vioci_tree_first(&maps->files)).start);
}
