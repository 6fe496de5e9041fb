// SPDX-License-Identifier: Apache-2.0
// AppendFile: a file of lines that one process at a time owns, and that always begins with a line which says whose it is:
// it comes into being whole, so nobody can meet it without that line. Its last line may be torn by a crash; opening
// drops the torn rest.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/real/descriptor.h"

namespace onceproof::real {

class AppendFile {
 public:
  // Opens the file or makes it with `first_line` and a newline; an empty file, or one that holds nothing but a torn piece
  // of that line, is made anew. busy: another process has it open.
  static Result<AppendFile> open(const std::string& path, const std::string& first_line);

  const std::string& content() const { return content_; }  // as it was when it was opened: whole lines
  void forget_content() { std::string().swap(content_); }
  Status append(std::string_view line);  // with its newline; on failure a prefix of it may be there
  Status remove();                       // still open, but under no name

 private:
  std::string path_;
  std::string content_;
  Descriptor file_;
};

}  // namespace onceproof::real
