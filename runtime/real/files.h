// SPDX-License-Identifier: Apache-2.0
// Whole files on the operating system's disk. Errors are sentences that name the path and the reason.
// Called by the command line and by the real world's seams; never by the runtime.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace onceproof::real {

// not_found: no such file; invalid_argument: a directory; offset_out_of_range: more than `most_bytes`, and read no further;
// io_error: unreadable or a disk that failed.
Result<std::string> read_file(const std::string& path, uint64_t most_bytes = UINT64_MAX);

// After a crash at any instant the path holds either its old content or all of the new one: a temporary file in
// the same directory is written, synced and renamed over it, then the directory is synced. Missing directories
// are not created.
Status write_file_atomically(const std::string& path, std::string_view content);

// Appends in one write; creates the file. Not synced: for progress files whose last line may be torn.
Status append_to_file(const std::string& path, std::string_view content);

Status make_directories(const std::string& path);  // with parents; ok when they exist
// The outermost of path and its parents that is not there; empty: the path exists. What a caller who gives up takes away
// with remove_empty_directories(), which removes `path` and its parents up to `outermost` as long as they are empty.
std::string first_missing(const std::string& path);
void remove_empty_directories(const std::string& path, const std::string& outermost);
// A directory of nobody else's, with parents: `prefix` and six letters.
Result<std::string> make_unique_directory(const std::string& prefix);
Status rename_path(const std::string& from, const std::string& to);
Status sync_directory(const std::string& path);
Status remove_tree(const std::string& path);  // ok when absent

bool exists(const std::string& path);
bool is_directory(const std::string& path);
bool is_pipe_or_device(const std::string& path);  // cannot be read twice
std::string parent_of(const std::string& path);    // "." for a name alone

// Names (not paths) in a directory, sorted, without "." and ".."; not_found when it is absent.
Result<std::vector<std::string>> list_directory(const std::string& path);
// All files below `directory`, sorted, as paths relative to `root`. An absent directory lists as empty.
Result<std::vector<std::string>> files_below(const std::string& directory, const std::string& root);

std::string current_directory();
std::string absolute_path(const std::string& path);

// "cannot WHAT PATH: REASON" with the reason of `error_number`, as the code that fits it.
Error system_error(const std::string& what, const std::string& path, int error_number);

}  // namespace onceproof::real
