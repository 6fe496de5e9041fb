// SPDX-License-Identifier: Apache-2.0
// The files that the program carries inside itself: the built-in catalogue (scenarios/catalogue/*.json) and
// the profiles (scenarios/profiles/*.json).
// The table is generated at build time by cmake/embed.cmake, sorted by name; a name is the file's path from the
// repository's root.
#pragma once

namespace onceproof::scenarios {

struct EmbeddedFile {
  const char* name;  // "scenarios/catalogue/word-count.json"
  const char* text;  // the whole file, NUL-terminated
};

extern const EmbeddedFile kEmbeddedFiles[];  // kEmbeddedFileCount entries, then one of null pointers
extern const int kEmbeddedFileCount;

}  // namespace onceproof::scenarios
