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
  kProbeBackend = 1,  // file of the CPU backend, "" for none
  kProbeKind = 2,     // what to do, one of those below
  kProbeMemory = 3,   // bytes that it may allocate
  kProbeSeconds = 4,  // that it may compute, on each core
  kProbePath = 5,     // of the model
  kProbeMore = 6,     // first of those of the kind
};

constexpr char kProbeWhole[] = "whole";            // tries to serve and to draft with it
constexpr char kProbeVocabulary[] = "vocabulary";  // tries its tokenizer
constexpr char kProbeQuantize[] = "quantize";      // converts it: file to write, weight type, threads
constexpr char kProbeGrow[] = "grow";              // plans a larger one: parameters, width

}  // namespace sled
