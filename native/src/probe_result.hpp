// What sled-probe says on its standard output, line by line, to the process that started it:
//
//   doing <what>             what it begins to do with the file
//   died <text>              the last words of llama.cpp before it ends the process
//   result <status> <text>   the end: SLED_OK, or why the file is refused. The text has no line breaks
#pragma once

namespace sled {

constexpr char kProbeDoing[] = "doing ";
constexpr char kProbeDied[] = "died ";
constexpr char kProbeResult[] = "result ";

// Of sled-probe: its arguments.
enum ProbeArgument {
  kProbeBackend = 1,  // file of the CPU backend
  kProbeKind = 2,     // "whole" or "vocabulary"
  kProbeMemory = 3,   // bytes that it may allocate
  kProbeSeconds = 4,  // that it may compute, on each core
  kProbePath = 5,
  kProbeArguments = 6
};

constexpr char kProbeWhole[] = "whole";
constexpr char kProbeVocabulary[] = "vocabulary";

}  // namespace sled
