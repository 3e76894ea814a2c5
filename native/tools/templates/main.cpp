// compare_templates [vocabulary.gguf]: renders conversations with every template in llama.cpp's models/templates, with and
// without arguments, by sled_chat_render() and by llama.cpp's own common_chat_templates_apply(), and says where the prompts
// differ. Then puts control tokens of the vocabulary into the messages and says where more of them become control tokens.
// Status 0 if there is no difference.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chat.h"
#include "log.h"
#include "sled.h"

namespace {

using Conversation = std::vector<std::pair<std::string, std::string>>;  // role, content

struct Arguments {
  std::vector<std::pair<std::string, std::string>> values;  // name, JSON
  std::string json() const {
    std::string text;
    for (const auto &[name, value] : values) {
      text += (text.empty() ? "{\"" : ", \"") + name + "\": " + value;
    }
    return text.empty() ? text : text + "}";
  }
};

struct Rendered {
  std::string text;
  std::vector<int32_t> tokens;
};

std::string last_error() {
  char text[4096];
  sled_last_error(text, sizeof(text));
  return text;
}

void must(int32_t status) {
  if (status != SLED_OK) {
    std::fprintf(stderr, "%s\n", last_error().c_str());
    std::exit(2);
  }
}

std::string token_text(int64_t model, int32_t token) {
  char buffer[1024];
  int32_t length = 0;
  if (token < 0) {
    return "";
  }
  must(sled_token_bytes(model, token, 1, buffer, sizeof(buffer), &length));
  return {buffer, static_cast<size_t>(length)};
}

std::optional<Rendered> by_sled(int64_t model, const std::string &source, const Conversation &conversation,
                                const Arguments &arguments, bool add_assistant) {
  std::string messages;
  for (const auto &[role, content] : conversation) {
    messages.append(role).push_back('\0');
    messages.append(content).push_back('\0');
  }
  sled_chat_params params;
  must(sled_chat_params_default(model, &params));
  params.flags = add_assistant ? SLED_CHAT_ASSISTANT : 0;
  params.local_seconds = std::time(nullptr);
  std::vector<char> text(1 << 20);
  std::vector<int32_t> tokens(text.size());
  int32_t length = 0;
  int32_t count = 0;
  int32_t uses_time = 0;
  if (sled_chat_render(model, source.c_str(), arguments.json().c_str(), messages.data(),
                       static_cast<int32_t>(messages.size()), static_cast<int32_t>(conversation.size()), &params,
                       text.data(), static_cast<int32_t>(text.size()), &length, tokens.data(),
                       static_cast<int32_t>(tokens.size()), &count, &uses_time) != SLED_OK) {
    return std::nullopt;
  }
  tokens.resize(static_cast<size_t>(count));
  return Rendered{{text.data(), static_cast<size_t>(length)}, tokens};
}

std::optional<std::string> by_llama(int64_t model, const std::string &source, const Conversation &conversation,
                                    const Arguments &arguments, bool add_assistant) {
  sled_model_info info;
  must(sled_model_describe(model, &info));
  try {
    const common_chat_templates_ptr templates =
        common_chat_templates_init(nullptr, source, token_text(model, info.bos_token), token_text(model, info.eos_token));
    common_chat_templates_inputs inputs;
    for (const auto &[role, content] : conversation) {
      common_chat_msg message;
      message.role = role;
      message.content = content;
      inputs.messages.push_back(message);
    }
    inputs.add_generation_prompt = add_assistant;
    for (const auto &[name, value] : arguments.values) {
      inputs.chat_template_kwargs[name] = value;
      if (name == "enable_thinking") {
        inputs.enable_thinking = value == "true";
      }
    }
    return common_chat_templates_apply(templates.get(), inputs).prompt;
  } catch (const std::exception &) {
    return std::nullopt;
  }
}

std::vector<int32_t> tokenized(int64_t model, const std::string &text) {
  std::vector<int32_t> tokens(3 * text.size() + 8);
  int32_t count = 0;
  must(sled_tokenize(model, text.data(), static_cast<int32_t>(text.size()), 0, 1, tokens.data(),
                     static_cast<int32_t>(tokens.size()), &count));
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

bool is_control(int64_t model, int32_t token) {
  int32_t result = 0;
  must(sled_token_is_control(model, token, &result));
  return result != 0;
}

std::vector<int32_t> controls(int64_t model, std::vector<int32_t> tokens) {
  tokens.erase(std::remove_if(tokens.begin(), tokens.end(), [&](int32_t t) { return !is_control(model, t); }),
               tokens.end());
  return tokens;
}

// All that the vocabulary has, or the first of very many.
std::string spelled_controls(int64_t model) {
  sled_model_info info;
  must(sled_model_describe(model, &info));
  std::string text;
  for (int32_t token = 0, count = 0; token < info.vocabulary_tokens && count < 50; token++) {
    if (is_control(model, token)) {
      text += "A" + token_text(model, token) + "\nB";
      count++;
    }
  }
  return text;
}

const Conversation kConversations[] = {
    {{"user", "Hello, who are you?"}},
    {{"system", "You are kind."}, {"user", "  Hello,\n\nwho are you? "}},
    {{"user", "Hi"}, {"assistant", "Hello there.\n"}, {"user", "Gr\xC3\xBC\xC3\x9F dich \xF0\x9F\xA6\x8A"}},
    {{"system", "You are kind."}, {"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}, {"assistant", "Bye"}, {"user", ""}},
    {{"developer", "You are kind."}, {"user", "Hi"}},
};

const Arguments kArguments[] = {
    {},
    {{{"enable_thinking", "false"}}},
    {{{"reasoning_effort", "\"high\""}}},
    {{{"enable_thinking", "true"}, {"preserve_reasoning", "true"}, {"date_string", "\"1 Jan 2026\""}, {"any", "[1, {}]"}}},
};

struct Counts {
  int same = 0;
  int refused = 0;  // by both
  int different = 0;
};

void compare(int64_t model, const std::string &name, const std::string &source, Counts &counts) {
  for (const Conversation &conversation : kConversations) {
    for (const Arguments &arguments : kArguments) {
      for (const bool add_assistant : {true, false}) {
        const auto ours = by_sled(model, source, conversation, arguments, add_assistant);
        const std::string reason = ours ? "" : last_error();
        const auto theirs = by_llama(model, source, conversation, arguments, add_assistant);
        if (!ours && !theirs) {
          counts.refused++;
        } else if (ours && theirs && ours->text == *theirs && ours->tokens == tokenized(model, ours->text)) {
          counts.same++;
        } else {
          counts.different++;
          std::printf("%s, conversation %d, arguments %s, assistant %d:\n  SLED:      %s\n  llama.cpp: %s\n", name.c_str(),
                      static_cast<int>(&conversation - kConversations), arguments.json().c_str(), add_assistant ? 1 : 0,
                      ours ? ours->text.c_str() : reason.c_str(), theirs ? theirs->c_str() : "(refused)");
        }
      }
    }
  }
}

void forge(int64_t model, const std::string &name, const std::string &source, const std::string &spelled, Counts &counts) {
  for (const Conversation &conversation : kConversations) {
    Conversation forged = conversation;
    for (auto &message : forged) {
      message.second += spelled;
    }
    const auto honest_prompt = by_sled(model, source, conversation, {}, true);
    const auto forged_prompt = by_sled(model, source, forged, {}, true);
    if (!honest_prompt || !forged_prompt) {
      counts.refused++;
    } else if (controls(model, honest_prompt->tokens) == controls(model, forged_prompt->tokens)) {
      counts.same++;
    } else {
      counts.different++;
      std::printf("%s, conversation %d: other control tokens with forged messages\n", name.c_str(),
                  static_cast<int>(&conversation - kConversations));
    }
  }
}

}  // namespace

int main(int argc, char **argv) {
  setenv("TZ", "UTC0", 1);  // llama.cpp takes the clock's time in its zone
  common_log_set_verbosity_thold(-1);
  const std::string models = LLAMA_MODELS_DIR;
  const std::string vocabulary = argc > 1 ? argv[1] : models + "/ggml-vocab-qwen2.gguf";
  must(sled_backend_load(SLED_LIB_DIR));
  sled_model_params params;
  must(sled_model_params_default(&params));
  params.flags = SLED_MODEL_VOCAB_ONLY;
  int64_t model = 0;
  must(sled_model_open(vocabulary.c_str(), &params, &model));
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(models + "/templates")) {
    if (entry.path().extension() == ".jinja") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  const std::string spelled = spelled_controls(model);
  Counts compared;
  Counts forged;
  for (const auto &file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string source{std::istreambuf_iterator<char>(in), {}};
    compare(model, file.filename(), source, compared);
    forge(model, file.filename(), source, spelled, forged);
  }
  std::printf("%zu templates: %d prompts the same, %d refused by both, %d different\n", files.size(), compared.same,
              compared.refused, compared.different);
  std::printf("forged: %d with the same control tokens, %d refused, %d different\n", forged.same, forged.refused,
              forged.different);
  must(sled_model_close(model));
  return compared.different + forged.different == 0 ? 0 : 1;
}
