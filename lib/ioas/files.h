/* SPDX-License-Identifier: MIT */
/*
 * Of mappings of files (VIOCI_FILE): which file, from where on. Each is a record and an extent of its
 * own, so it is never cut nor merged, and all that other mappings pay is a look at that bit.
 */
#ifndef VIOCI_FILES_H
#define VIOCI_FILES_H

#include "core/memfile.h"
#include "ioas/maps.h"

/* What is mapped of a file; borrowed from the maps. */
struct vioci_file_part {
	const struct vioci_memfile *file;
	uint64_t offset;
};

/* Memory for a record with its file, as vioci_maps_reserve() does. */
int vioci_files_reserve(struct vioci_maps *maps);
void vioci_files_unreserve(struct vioci_maps *maps);
/* Inserts such a record, and takes a reference to the file. */
void vioci_files_insert(struct vioci_maps *maps, const struct vioci_record *record,
			struct vioci_memfile *file, uint64_t offset);
struct vioci_file_part vioci_files_at(const struct vioci_maps *maps, uint64_t iova);
/* The first mapping of the device's memory that starts at iova or later. */
bool vioci_files_find_device(const struct vioci_maps *maps, const void *device, uint64_t iova,
			     struct vioci_record *ret_record);
/* For the maps, when they lose the record. The file may land on the list of those to be closed. */
void vioci_files_forget(struct vioci_maps *maps, uint64_t iova);
/* The same for all, before the maps are destroyed. */
void vioci_files_forget_all(struct vioci_maps *maps);

#endif
