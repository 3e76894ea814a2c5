// Text to tokens and back, and chat templates.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>

#include "random_model.hpp"
#include "support.hpp"

namespace {

std::vector<int32_t> encode(int64_t model, const std::string &text, bool add_special = false,
                            bool parse_special = false) {
  std::vector<int32_t> tokens(3 * text.size() + 8);  // a broken byte becomes U+FFFD, which has three
  int32_t count = 0;
  CHECK_OK(sled_tokenize(model, text.data(), static_cast<int32_t>(text.size()), add_special, parse_special,
                         tokens.data(), static_cast<int32_t>(tokens.size()), &count));
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

std::string bytes_of(int64_t model, int32_t token, bool render_special = false) {
  char buffer[512];
  int32_t length = 0;
  CHECK_OK(sled_token_bytes(model, token, render_special, buffer, sizeof(buffer), &length));
  return {buffer, static_cast<size_t>(length)};
}

std::string decode(int64_t model, const std::vector<int32_t> &tokens, bool render_special = false) {
  std::string text;
  for (const int32_t token : tokens) {
    text += bytes_of(model, token, render_special);
  }
  return text;
}

void check_round_trip(int64_t model) {
  sled_model_info info;
  CHECK_OK(sled_model_describe(model, &info));
  const std::vector<std::string> texts = {
      "",
      "a",
      " ",
      "  two  spaces  ",
      "Once upon a time, there was a little fox.\n\nIt said: \"Who's there?\"\r\n\t1234567890",
      "\xC3\x84pfel, \xC3\x96l und \xC3\xBC" "bergro\xC3\x9F" "er \xC3\x84rger",
      "\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x8C\xE4\xB8\x96\xE7\x95\x8C\xE3\x80\x82\xE3\x81\x93\xE3\x82\x93\xEA\xB0\x80",
      "\xF0\x9F\xA6\x8A and \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80 \xF0\x9F\x87\xA9\xF0\x9F\x87\xAA",
      "x = {'a': [1, 2.5e-3]} && y != \\0 <html> ~`^ #@$%",
      std::string("a\0b\0", 4),
      "<|end|>",
  };
  for (const std::string &text : texts) {
    const std::vector<int32_t> tokens = encode(model, text);
    CHECK(decode(model, tokens, true) == text);
    CHECK(tokens.size() <= text.size());
    for (const int32_t token : tokens) {
      CHECK(token >= 0 && token < info.vocabulary_tokens);
    }
    // Shown piece by piece, it is always whole characters, and at the end the text.
    std::string all;
    size_t shown = 0;
    for (const int32_t token : tokens) {
      all += bytes_of(model, token, true);
      int32_t complete = 0;
      CHECK_OK(sled_utf8_complete_bytes(all.data(), static_cast<int32_t>(all.size()), &complete));
      CHECK(static_cast<size_t>(complete) >= shown && all.size() - static_cast<size_t>(complete) <= 3);
      shown = static_cast<size_t>(complete);
      CHECK(shown == text.size() || (static_cast<unsigned char>(text[shown]) & 0xC0) != 0x80);
    }
    CHECK_EQ(shown, text.size());
  }
  // Broken UTF-8 is no reason to fail; what is whole in it survives.
  std::mt19937 random(1);
  for (int32_t round = 0; round < 300; round++) {
    std::string text(random() % 60, '\0');
    for (char &c : text) {
      c = static_cast<char>(random() % 256);
    }
    const std::string back = decode(model, encode(model, text + " fox"), true);
    CHECK(back.size() >= 3 && back.substr(back.size() - 3) == "fox");
  }
  for (const char *broken : {"\xC3", "fox \xE2\x82", "\xFF\xFE", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80\x80\x80"}) {
    CHECK(!encode(model, broken).empty());
  }
  std::string book;
  while (book.size() < 100 * 1024) {
    book += texts[4 + random() % 5];
  }
  const std::vector<int32_t> tokens = encode(model, book);
  CHECK(decode(model, tokens, true) == book);
  std::printf("  round trips; %zu bytes are %zu tokens\n", book.size(), tokens.size());

  // Buffers that are too small.
  int32_t count = 0;
  std::vector<int32_t> few(tokens.size(), -7);
  CHECK_EQ(sled_tokenize(model, book.data(), static_cast<int32_t>(book.size()), 0, 0, few.data(), 10, &count),
           SLED_ERR_CAPACITY);
  CHECK_EQ(count, tokens.size());
  CHECK(few[0] == -7);
  CHECK_EQ(sled_tokenize(model, book.data(), static_cast<int32_t>(book.size()), 0, 0, nullptr, 0, &count),
           SLED_ERR_CAPACITY);
  CHECK_EQ(count, tokens.size());
  CHECK_OK(sled_tokenize(model, book.data(), static_cast<int32_t>(book.size()), 0, 0, few.data(), count, &count));
  CHECK(few == tokens);
  CHECK_OK(sled_tokenize(model, nullptr, 0, 0, 0, nullptr, 0, &count));
  CHECK_EQ(count, 0);
  int32_t longest = 0;
  for (int32_t token = 0; token < info.vocabulary_rows; token++) {
    char buffer[512];
    int32_t length = 0;
    CHECK_OK(sled_token_bytes(model, token, 1, buffer, sizeof(buffer), &length));
    const int32_t needed = length;
    longest = std::max(longest, needed);
    CHECK_OK(sled_token_bytes(model, token, 1, buffer, needed, &length));
    if (needed > 0) {
      CHECK_EQ(sled_token_bytes(model, token, 1, buffer, needed - 1, &length), SLED_ERR_CAPACITY);
      CHECK_EQ(length, needed);
    }
  }
  CHECK(longest > 1);
}

void check_control(int64_t model) {
  const std::string text = "<|user|>\nfox<|end|>";
  const std::vector<int32_t> plain = encode(model, text, false, false);
  const std::vector<int32_t> parsed = encode(model, text, false, true);
  CHECK(parsed.size() < plain.size());
  CHECK(decode(model, plain) == text);
  CHECK(decode(model, parsed, true) == text);
  CHECK(decode(model, parsed, false) == "\nfox");
  CHECK(bytes_of(model, parsed.back(), true) == "<|end|>");
  CHECK(bytes_of(model, parsed.back(), false).empty());
  int32_t is_end = 0;
  CHECK_OK(sled_token_is_end(model, parsed.back(), &is_end));
  CHECK_EQ(is_end, 1);
  CHECK_OK(sled_token_is_end(model, plain.back(), &is_end));
  CHECK_EQ(is_end, 0);
  std::printf("  control tokens only where asked for\n");
}

struct Chat {
  int32_t status;
  std::string text;
  int32_t has_bos;
};

Chat render(int64_t model, const char *source, const std::vector<std::string> &texts, bool add_assistant = true) {
  std::string messages;
  for (const std::string &text : texts) {
    messages += text;
    messages.push_back('\0');
  }
  Chat chat{};
  std::vector<char> buffer(70000);
  int32_t length = 0;
  chat.status = sled_chat_render(model, source, messages.data(), static_cast<int32_t>(messages.size()),
                                 static_cast<int32_t>(texts.size() / 2), add_assistant, buffer.data(),
                                 static_cast<int32_t>(buffer.size()), &length, &chat.has_bos);
  if (chat.status == SLED_OK) {
    chat.text.assign(buffer.data(), static_cast<size_t>(length));
    CHECK_EQ(buffer[static_cast<size_t>(length)], 0);
    if (std::getenv("SLED_TEST_EMULATED") != nullptr) {
      return chat;  // each costs a second there
    }
    int32_t again = 0;
    CHECK_EQ(sled_chat_render(model, source, messages.data(), static_cast<int32_t>(messages.size()),
                              static_cast<int32_t>(texts.size() / 2), add_assistant, buffer.data(), length, &again,
                              &chat.has_bos),
             SLED_ERR_CAPACITY);
    CHECK_EQ(again, length);
  }
  return chat;
}

std::string must(const Chat &chat) {
  CHECK_OK(chat.status);
  return chat.text;
}

// A template is a program from outside. Whatever it does, the answer is one sentence within seconds.
void check_hostile(int64_t model) {
  const struct {
    const char *source;
    const char *reason;  // on this machine; an emulator and a sanitizer have their own ways to end a process
  } hostile[] = {
      {"{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}", "calls itself without end"},
      {"{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}", "processor time"},
      {"{{ range(1000000000000) | length }}", "of memory"},
      {"{{ 'x' * 1000000000000 }}", "of memory"},
      {"{{ messages | tojson(indent=2000000000) }}", "of memory"},
      {"{% set n = namespace(s='0123456789abcdef') %}{% for i in range(21) %}"
       "{% set n.s = (n.s ~ n.s) | replace('none', 'of this') %}{% endfor %}{{ n.s }}",
       "more than 16 MiB"},
      {"{{ 5 is divisibleby(0) }}", "sled-template was ended by signal"},
      {"{% set n = namespace() %}{% set n.a = n %}{{ n | tojson }}", ""},
      {"{% set n = namespace(a=[]) %}{% for i in range(20000) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a | tojson }}", ""},
      {"{% set n = namespace(a=[], b=[]) %}{% for i in range(60) %}{% set n.a = (n.a, n.a) %}{% set n.b = (n.b, n.b) %}"
       "{% endfor %}{{ n.a == n.b }}",
       ""},
  };
#ifdef __SANITIZE_ADDRESS__
  const bool known = false;
#else
  const bool known = std::getenv("SLED_TEST_EMULATED") == nullptr;
#endif
  for (const auto &[source, reason] : hostile) {
    if (std::getenv("SLED_TEST_EMULATED") != nullptr && std::strstr(source, "macro") == nullptr) {
      continue;
    }
    const auto begun = std::chrono::steady_clock::now();
    const int32_t status = render(model, source, {"user", "x"}).status;
    const auto taken = std::chrono::steady_clock::now() - begun;
    CHECK(taken < std::chrono::seconds(60));
    if (known && reason[0] != '\0') {
      CHECK_EQ(status, SLED_ERR_UNSUPPORTED);
    }
    if (status != SLED_OK) {
      const std::string text = test::last_error();
      CHECK(text.find("the chat template cannot render these messages: ") == 0);
      CHECK(text.find('\n') == std::string::npos && text.size() < 500);
      if (known && text.find(reason) == std::string::npos) {
        std::fprintf(stderr, "%s\n%s\n", source, text.c_str());
        std::exit(1);
      }
    }
  }
  std::printf("  hostile chat templates\n");
}

void check_chat(int64_t model, int64_t bare) {
  char source[4096];
  int32_t length = 0;
  CHECK_OK(sled_model_text(model, SLED_TEXT_CHAT_TEMPLATE, source, sizeof(source), &length));
  CHECK(length > 0);
  const std::vector<std::string> talk = {"user", "Hi, \xF0\x9F\xA6\x8A!", "assistant", "Hello\n", "user", ""};
  const std::string own = must(render(model, nullptr, talk));
  CHECK(must(render(model, "", talk)) == own);
  CHECK(must(render(model, source, talk)) == own);
  if (std::strstr(source, "<|end|>") != nullptr) {
    CHECK(own == "<|user|>\nHi, \xF0\x9F\xA6\x8A!<|end|>\n<|assistant|>\nHello\n<|end|>\n<|user|>\n<|end|>\n<|assistant|>\n");
    CHECK(own == must(render(model, nullptr, talk, false)) + "<|assistant|>\n");
  }
  // What it renders are control tokens for the tokenizer.
  CHECK(encode(model, own, false, true).size() < encode(model, own, false, false).size());

  const char *custom =
      "{%- if messages[0]['role'] == 'system' -%}[{{ messages[0].content | trim | upper }}]{% set rest = messages[1:] %}"
      "{%- else -%}{% set rest = messages %}{%- endif -%}"
      "{% for m in rest %}{{ loop.index }}{% if not loop.last %},{% endif %}"
      "{{ (m.role ~ ':' ~ m['content']) if m.content else '-' }};{% endfor %}"
      "{%- if add_generation_prompt %}>{% endif %}";
  CHECK(must(render(model, custom, {"system", " be kind ", "user", "a", "assistant", "b"})) == "[BE KIND]1,user:a;2assistant:b;>");
  CHECK(must(render(model, custom, {"user", "x", "user", ""}, false)) == "1,user:x;2-;");
  CHECK(must(render(model, "no variables", {"user", "x"})) == "no variables");
  const std::string large(20000, 'y');
  CHECK(must(render(model, "{{ messages[0].content }}", {"user", large})) == large);
  // Text of a user is text, not template.
  CHECK(must(render(model, "{{ messages[0].content }}", {"user", "{{ 1 + 1 }}{% for"})) == "{{ 1 + 1 }}{% for");

  // Renders the BOS text by itself?
  sled_model_info info;
  CHECK_OK(sled_model_describe(bare, &info));
  const std::string bos = bytes_of(bare, info.bos_token, true);
  CHECK(!bos.empty());
  Chat chat = render(bare, "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", {"user", "x"});
  CHECK(must(chat) == bos + "x" + bytes_of(bare, info.eos_token, true));
  CHECK_EQ(chat.has_bos, 1);
  chat = render(bare, "x{{ bos_token }}", {"user", "x"});
  CHECK_EQ(chat.has_bos, 0);
  CHECK_EQ(render(bare, "", {"user", "x"}).status, SLED_ERR_UNSUPPORTED);
  CHECK(test::last_error().find("no chat template") != std::string::npos);

  for (const std::string &broken :
       {std::string("{% for m in messages %}"), std::string("{% if %}x{% endif %}"), std::string("{{ 'open"),
        std::string("{{ messages[0].content | nosuchfilter }}"), std::string("{{ nothing.at.all() }}"),
        std::string("{% endfor %}"), std::string("{{ }"), std::string("{{ raise_exception('roles must alternate') }}")}) {
    if (render(model, broken.c_str(), {"user", "x"}).status != SLED_ERR_UNSUPPORTED) {
      std::fprintf(stderr, "rendered: %s\n", broken.c_str());
      std::exit(1);
    }
    CHECK(test::last_error().size() > 20);
  }
  CHECK(render(model, "{{ raise_exception('roles must alternate') }}", {"user", "x"}).status == SLED_ERR_UNSUPPORTED);
  CHECK(test::last_error().find("roles must alternate") != std::string::npos);
  const auto repeated = [](const char *text, int32_t times) {
    std::string result;
    for (int32_t i = 0; i < times; i++) {
      result += text;
    }
    return result;
  };
  const std::string deep[] = {
      "{{ " + repeated("(", 100000) + "1" + repeated(")", 100000) + " }}",
      "{{ " + repeated("[", 100000),
      "{{ " + repeated("{'a':", 100000),
      repeated("{% if 1 %}", 50000) + "x" + repeated("{% endif %}", 50000),
      "{% if 0 %}" + repeated("{% elif 0 %}", 50000) + "{% endif %}",
      repeated("{% set x %}", 50000),
      repeated("{% for m in messages %}", 50000),
      "{{ 1 " + repeated("+ 1 ", 100000) + "}}",
      "{{ " + repeated("not ", 100000) + "1 }}",
      "{{ 1" + repeated(" | string", 100000) + " }}",
      "{{ messages" + repeated("[0]", 100000) + " }}",
      "{{ 1" + repeated(" if 1 else 1", 100000) + " }}",
  };
  // Nested without bounds: rendered or refused, and this process goes on.
  for (const std::string &source_text : deep) {
    if (std::getenv("SLED_TEST_EMULATED") != nullptr && &source_text != deep) {
      continue;
    }
    if (render(model, source_text.c_str(), {"user", "x"}).status != SLED_OK) {
      CHECK(test::last_error().find("the chat template cannot render these messages: ") == 0);
    }
  }
  CHECK(must(render(model, ("{% set x = 0 %}" + repeated("{% if 1 %}{% set x = (1) %}{% endif %}", 3000) + "{{ x }}").c_str(),
                    {"user", "x"})) == "1");
  // What real templates never come near.
  CHECK(must(render(model, ("{{ 0" + repeated(" + 1", 390) + " }}").c_str(), {"user", "x"})) == "390");
  CHECK(must(render(model, ("{{ " + repeated("(", 99) + "7" + repeated(")", 99) + " }}").c_str(), {"user", "x"})) == "7");
  CHECK(must(render(model, (repeated("{% if 1 %}", 99) + "x" + repeated("{% endif %}", 99)).c_str(), {"user", "x"})) == "x");

  check_hostile(model);

  // Messages that are none.
  char buffer[64];
  int32_t has_bos = 0;
  const auto malformed = [&](const char *messages, int32_t bytes, int32_t count) {
    CHECK_EQ(sled_chat_render(model, "x", messages, bytes, count, 1, buffer, sizeof(buffer), &length, &has_bos),
             SLED_ERR_ARGUMENT);
    CHECK(!test::last_error().empty());
  };
  malformed(nullptr, 8, 1);
  malformed("user\0hi", 8, 0);
  malformed("user\0hi", 8, -1);
  malformed("user\0hi", 8, 2);
  malformed("user\0hi", 8, INT32_MAX);
  malformed("user\0hi", 7, 1);  // the last NUL is missing
  malformed("user\0hi", 5, 1);
  malformed("user\0hi", 0, 1);
  malformed("user\0hi", 0, 0);
  malformed("user\0hi", -8, 1);
  malformed("user\0hi\0user", 13, 1);
  CHECK_EQ(sled_chat_render(model, "x", "user\0hi", 8, 1, 1, nullptr, 8, &length, &has_bos), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_chat_render(model, "x", "user\0hi", 8, 1, 1, buffer, -1, &length, &has_bos), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_chat_render(model, "x", "user\0hi", 8, 1, 1, buffer, 64, nullptr, &has_bos), SLED_ERR_ARGUMENT);
  CHECK_EQ(sled_chat_render(model, "x", "user\0hi", 8, 1, 1, buffer, 64, &length, nullptr), SLED_ERR_ARGUMENT);
  std::printf("  chat templates\n");
}

}  // namespace

int main() {
  CHECK_OK(sled_backend_load(SLED_LIB_DIR));
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("random.gguf");
  test::write_random_model(path, "llama", GGML_TYPE_F32, 1, 10);
  const int64_t bare = test::open_model(path, SLED_MODEL_VOCAB_ONLY);
  for (const int64_t model : {test::open_model(test::demo_model("target"), SLED_MODEL_VOCAB_ONLY), bare}) {
    check_round_trip(model);
    check_control(model);
    if (model != bare) {
      check_chat(model, bare);
      CHECK_OK(sled_model_close(model));
    }
  }
  CHECK_OK(sled_model_close(bare));
  return 0;
}
