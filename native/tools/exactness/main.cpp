// Looks for models that are opened as exact and are not, and prints a table. Each model is looked at in a process of its own:
// llama.cpp ends the process at some.
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <regex>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "../arguments.hpp"
#include "options.hpp"
#include "random_file.hpp"
#include "search.hpp"
#include "support.hpp"

namespace exactness {
namespace {

const char *word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kExact: return "exact";
    case Verdict::kRefused: return "refused";
    case Verdict::kNotServed: return "not served";
    case Verdict::kInexact: return "NOT EXACT";
    case Verdict::kFailed: return "failed";
  }
  return "";
}

// A search that hangs ends after that, besides the time that it may take.
constexpr unsigned kHangingSeconds = 900;

std::string read_all(int from) {
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(from, buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

void write_all(int to, const std::string &text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(to, text.data() + done, text.size() - done);
    if (count <= 0) {
      return;
    }
    done += static_cast<size_t>(count);
  }
}

// Its last line: what ended it.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  const size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

// In a process of its own, which loads the backends.
Result apart(const Options &options, const std::function<Result()> &work) {
  int result[2];
  int errors[2];
  CHECK(pipe(result) == 0 && pipe(errors) == 0);
  std::fflush(stdout);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(result[0]);
    close(errors[0]);
    dup2(errors[1], STDERR_FILENO);
    alarm(static_cast<unsigned>(options.seconds) + kHangingSeconds);
    CHECK_OK(sled_backend_load(options.backends.c_str()));
    Result found;
    try {
      found = work();
    } catch (const std::exception &error) {
      found = {Verdict::kFailed, error.what()};
    }
    write_all(result[1], std::string(1, static_cast<char>('0' + static_cast<int>(found.verdict))) + found.words);
    _exit(0);
  }
  close(result[1]);
  close(errors[1]);
  // A line or two each, which the pipes hold until they are read.
  const std::string found = read_all(result[0]);
  const std::string complaint = last_line(read_all(errors[0]));
  close(result[0]);
  close(errors[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (found.empty()) {
    return {Verdict::kFailed, (WIFSIGNALED(status) ? std::string(strsignal(WTERMSIG(status))) + ": " : "") + complaint};
  }
  return {static_cast<Verdict>(found[0] - '0'), found.substr(1)};
}

// What the table holds for.
Result describe() {
  sled_device_info cpu{};
  int32_t count = 0;
  CHECK_OK(sled_device_count(&count));
  for (int32_t i = 0; i < count; i++) {
    CHECK_OK(sled_device_describe(i, &cpu));
    if (cpu.type == SLED_DEVICE_CPU) {
      break;
    }
  }
  char build[2048];
  int32_t length = 0;
  CHECK_OK(sled_build_info(build, sizeof(build), &length));
  std::string text = std::string(cpu.description) + ", " + cpu.features;
  const std::string lines(build, static_cast<size_t>(length));
  const size_t commit = lines.find("llama");
  return {Verdict::kExact, text + "; " + lines.substr(commit, lines.find('\n', commit) - commit)};
}

class Table {
 public:
  Table() { std::printf("| %-28s | %-8s | result     | words\n|---|---|---|---\n", "model", "weights"); }

  void add(const std::string &model, const std::string &type, Result result) {
    for (char &c : result.words) {
      c = c == '\n' || c == '|' ? ' ' : c;
    }
    std::printf("| %-28s | %-8s | %-10s | %s\n", model.c_str(), type.c_str(), word(result.verdict), result.words.c_str());
    std::fflush(stdout);
    inexact_ = inexact_ || result.verdict == Verdict::kInexact;
  }

  bool inexact() const { return inexact_; }

 private:
  bool inexact_ = false;
};

void add_kind(const Kind &kind, const Options &options, const test::TemporaryDirectory &directory, Table &table) {
  const std::string why = obstacle(kind);
  if (!why.empty()) {
    table.add(kind.name(), "", {Verdict::kNotServed, why});
    return;
  }
  for (const ggml_type type : options.types) {
    const std::string file = directory.file("random.gguf");
    constexpr uint32_t kWeightsSeed = 7;
    const Result result = apart(options, [&] {
      write_random_file(file, kind, type, options.width, kWeightsSeed);
      return search(file, options);
    });
    std::filesystem::remove(file);
    table.add(kind.name(), ggml_type_name(type), result);
    if (result.verdict == Verdict::kNotServed) {
      return;  // whatever its weights
    }
  }
}

bool run(const Options &options) {
  std::printf("%s\n\n", apart(options, describe).words.c_str());
  Table table;
  for (const std::string &file : options.models) {
    table.add(std::filesystem::path(file).filename().string(), "", apart(options, [&] { return search(file, options); }));
  }
  if (options.models.empty()) {
    const test::TemporaryDirectory directory;
    const std::regex wanted(options.architecture);
    for (const Kind &kind : all_kinds()) {
      if (std::regex_search(kind.name(), wanted)) {
        add_kind(kind, options, directory, table);
      }
    }
  }
  return !table.inexact();
}

}  // namespace
}  // namespace exactness

int main(int argc, char **argv) {
  try {
    const exactness::Options options = exactness::parse_options({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(exactness::kHelp, stdout);
      return 0;
    }
    return exactness::run(options) ? 0 : 1;
  } catch (const tools::UsageError &error) {
    std::fprintf(stderr, "exactness_search: %s\nSee exactness_search --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "exactness_search: %s\n", error.what());
    return 2;
  }
}
