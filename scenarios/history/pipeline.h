// SPDX-License-Identifier: Apache-2.0
// The pipeline of a history's first line, as the value that the reference interprets.
#pragma once

#include <memory>

#include "checkers/history.h"
#include "runtime/api/pipeline.h"
#include "runtime/base/result.h"
#include "scenarios/plan/pipeline_spec.h"

namespace onceproof::scenarios {

// The words of its first line; of a plan's pipeline.
checkers::Pipeline to_steps(const PipelineSpec& spec);
// What is wrong with its text, with the place.
Status check_pipeline_text(const std::string& text);
// The text is one that was checked.
std::shared_ptr<const api::Pipeline> to_pipeline(const checkers::Pipeline& steps);

}  // namespace onceproof::scenarios
