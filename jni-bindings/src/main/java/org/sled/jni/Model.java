package org.sled.jni;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.sled.jni.SledLayout.ChatParamsStruct;
import org.sled.jni.SledLayout.ModelInfoStruct;

/** A GGUF model: its metadata, tokenizer and chat template. Any thread at any time. */
public final class Model extends NativeHandle {
  private static final int FIRST_PROMPT_BYTES = 4096;

  private final Path path;
  private final Info info;
  private final String description;
  private final String modelName;
  private final String chatTemplate;
  private final String weightType;
  private final String architecture;

  private Model(Path path, long handle) {
    super("model " + path.getFileName(), handle);
    this.path = path;
    try {
      info = describe();
      description = text(SledNative.SLED_TEXT_DESCRIPTION);
      architecture = OneLine.of(text(SledNative.SLED_TEXT_ARCHITECTURE));
      modelName = OneLine.of(text(SledNative.SLED_TEXT_NAME));
      chatTemplate = text(SledNative.SLED_TEXT_CHAT_TEMPLATE);
      weightType = text(SledNative.SLED_TEXT_WEIGHT_TYPE);
    } catch (SledException e) {
      close();
      throw e;
    }
  }

  /**
   * A model's numbers. Token ids are −1 where the model has none. Two models whose {@code
   * vocabularyTokens} and four hashes (tokens, merges, specials, pretokenizer) are equal turn the
   * same text into the same ids and back.
   *
   * @param vocabularyRows rows of the logits: ids are 0 to rows−1
   * @param vocabularyTokens real tokens, without trailing padding rows
   * @param contextTrainTokens the context that the model was trained for
   * @param recurrent its state cannot be rolled back by position: not servable
   * @param encoder encoder, embedding or diffusion model: not servable
   * @param weightsHash part of the numerics id
   */
  public record Info(
      int vocabularyRows,
      int vocabularyTokens,
      int contextTrainTokens,
      int embeddingWidth,
      int layerCount,
      int bosToken,
      int eosToken,
      int eotToken,
      int newlineToken,
      long parameterCount,
      long weightBytes,
      long tokensHash,
      long mergesHash,
      long specialsHash,
      long pretokenizerHash,
      long weightsHash,
      boolean vocabularyOnly,
      boolean addsBos,
      boolean addsEos,
      boolean recurrent,
      boolean encoder,
      boolean hasChatTemplate) {}

  /**
   * Opens a file; of a split model any part, the others beside it. Takes as long as reading it
   * takes.
   *
   * <p>llama.cpp ends the process at some damaged files. So a file that was never opened on this
   * machine is tried first in a process of its own, which takes a second or two for a small model
   * and about as long as reading it twice for a large one; that it passed is remembered in {@code
   * $XDG_CACHE_HOME/sled/tried} or {@code ~/.cache/sled/tried} by content and version. {@link
   * ModelParams#withTrusted} leaves that out. Where the process cannot be started, a warning is
   * logged once and files are opened untried.
   *
   * @throws SledException {@link SledStatus#IO}, {@link SledStatus#FORMAT}, {@link
   *     SledStatus#MEMORY}
   */
  public static Model open(Path path, ModelParams params) {
    try (Scratch name = Scratch.ofPath(path);
        Scratch struct = params.toNative();
        Scratch handle = Scratch.ofBytes(Long.BYTES)) {
      NativeCall.check(
          SledNative.sled_model_open(name.address(), struct.address(), handle.address()),
          "open model " + path);
      return new Model(path, handle.getLong(0));
    } finally {
      NativeLog.drain();
    }
  }

  public Path path() {
    return path;
  }

  public Info info() {
    return info;
  }

  /** For example {@code llama 8B Q4_K - Medium}. */
  public String description() {
    return description;
  }

  /** For example {@code llama}. */
  public String architecture() {
    return architecture;
  }

  /** The name in the file's metadata, may be empty. */
  public String name() {
    return modelName;
  }

  /** Jinja source; empty if the model has none. */
  public String chatTemplate() {
    return chatTemplate;
  }

  /** For example {@code Q8_0}. */
  public String weightType() {
    return weightType;
  }

  /** A prompt's ids: with BOS and the like where the model wants them; control tokens are text. */
  public int[] tokenize(String text) {
    return tokenize(text, true, false);
  }

  /**
   * Text to ids.
   *
   * @param addSpecial add BOS and the like where the model wants them
   * @param parseSpecial {@code <|end|>} in the text becomes the control token
   */
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    // A token per byte and two specials is nearly always enough; otherwise the count says what is.
    int capacity = utf8.length + 2;
    try (Scratch source = Scratch.ofUtf8(utf8);
        Scratch count = Scratch.ofBytes(Integer.BYTES);
        TokenBuffer tokens = new TokenBuffer(capacity)) {
      while (true) {
        int status =
            SledNative.sled_tokenize(
                handle(),
                source.address(),
                utf8.length,
                addSpecial ? 1 : 0,
                parseSpecial ? 1 : 0,
                tokens.address(),
                tokens.capacity(),
                count.address());
        int needed = count.getInt(0);
        if (status == SledNative.SLED_ERR_CAPACITY && needed > tokens.capacity()) {
          tokens.ensureCapacity(needed);
          continue;
        }
        NativeCall.check(status, "tokenize");
        tokens.setSize(needed);
        return tokens.toArray();
      }
    }
  }

  /**
   * The bytes with which a token continues a text: not always whole characters, see {@link
   * Detokenizer}. Control tokens give nothing.
   */
  public byte[] tokenBytes(int token) {
    return tokenBytes(token, false);
  }

  /** A token as bytes; {@code renderSpecial}: control tokens give their name. */
  public byte[] tokenBytes(int token, boolean renderSpecial) {
    return NativeCall.bytes(
        "bytes of token " + token,
        (buffer, capacity, length) ->
            SledNative.sled_token_bytes(
                handle(), token, renderSpecial ? 1 : 0, buffer, capacity, length));
  }

  /** A token as people read it; control tokens give their name. */
  public String textOf(int token) {
    return new String(tokenBytes(token, true), StandardCharsets.UTF_8);
  }

  /** Does a generation end with this token? */
  public boolean isEnd(int token) {
    try (Scratch result = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_token_is_end(handle(), token, result.address()), "token " + token);
      return result.getInt(0) != 0;
    }
  }

  /** Is this a control token: no text in a prompt, and none where it is generated? */
  public boolean isControl(int token) {
    try (Scratch result = Scratch.ofBytes(Integer.BYTES)) {
      NativeCall.check(
          SledNative.sled_token_is_control(handle(), token, result.address()), "token " + token);
      return result.getInt(0) != 0;
    }
  }

  /**
   * Renders a chat, up to where the assistant begins to speak. Control tokens come from the
   * template alone: where a message or an argument spells one, that is text.
   *
   * @throws SledException {@link SledStatus#UNSUPPORTED} if there is no template, or it refuses the
   *     messages
   */
  public Prompt renderChat(List<ChatMessage> messages, ChatOptions options) {
    ByteArrayOutputStream pairs = new ByteArrayOutputStream();
    for (ChatMessage message : messages) {
      putText(pairs, message.role());
      putText(pairs, message.content());
    }
    byte[] bytes = pairs.toByteArray();
    PromptEnds ends = options.ends() == null ? PromptEnds.of(this) : options.ends();
    LocalDateTime time =
        options.time() == null ? LocalDateTime.now(ZoneId.systemDefault()) : options.time();
    // Each rendering starts a process: room for most prompts at once.
    int capacity =
        Math.addExact(2 * options.template().length() + FIRST_PROMPT_BYTES, bytes.length);
    try (Scratch template = Scratch.ofText(options.template());
        Scratch arguments = Scratch.ofText(options.arguments());
        Scratch packed = Scratch.ofUtf8(bytes);
        Scratch params = chatParams(ends, time);
        Scratch results = Scratch.ofBytes(3 * Integer.BYTES);
        TokenBuffer tokens = new TokenBuffer(capacity)) {
      while (true) {
        try (Scratch text = Scratch.ofBytes(capacity)) {
          int status =
              SledNative.sled_chat_render(
                  handle(),
                  template.address(),
                  arguments.address(),
                  packed.address(),
                  bytes.length,
                  messages.size(),
                  params.address(),
                  text.address(),
                  capacity,
                  results.address(),
                  tokens.address(),
                  tokens.capacity(),
                  results.address() + Integer.BYTES,
                  results.address() + 2 * Integer.BYTES);
          int length = results.getInt(0);
          int count = results.getInt(Integer.BYTES);
          if (status == SledNative.SLED_ERR_CAPACITY
              && (length >= capacity || count > tokens.capacity())) {
            capacity = Math.max(capacity, Math.addExact(length, 1));
            tokens.ensureCapacity(count);
            continue;
          }
          NativeCall.check(status, "render the chat");
          tokens.setSize(count);
          boolean usesTime = results.getInt(2 * Integer.BYTES) != 0;
          return new Prompt(text.text(0, length), tokens.toArray(), usesTime ? time : null);
        }
      }
    }
  }

  private static Scratch chatParams(PromptEnds ends, LocalDateTime time) {
    Scratch struct = Scratch.ofBytes(ChatParamsStruct.SIZE);
    struct.putInt(ChatParamsStruct.STRUCT_SIZE, ChatParamsStruct.SIZE);
    struct.putInt(
        ChatParamsStruct.FLAGS,
        SledNative.SLED_CHAT_ASSISTANT
            | (ends.addsBegin() ? SledNative.SLED_CHAT_ADDS_BOS : 0)
            | (ends.addsEnd() ? SledNative.SLED_CHAT_ADDS_EOS : 0));
    struct.putInt(ChatParamsStruct.BOS_TOKEN, ends.beginToken());
    struct.putInt(ChatParamsStruct.EOS_TOKEN, ends.endToken());
    struct.putLong(ChatParamsStruct.LOCAL_SECONDS, time.toEpochSecond(ZoneOffset.UTC));
    return struct;
  }

  @Override
  int closeNative(long handle) {
    return SledNative.sled_model_close(handle);
  }

  private static void putText(ByteArrayOutputStream pairs, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new SledException(SledStatus.ARGUMENT, "a chat message contains a NUL character");
    }
    pairs.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    pairs.write(0);
  }

  private String text(int id) {
    return NativeCall.text(
        "read the model's metadata",
        (buffer, capacity, length) ->
            SledNative.sled_model_text(handle(), id, buffer, capacity, length));
  }

  private Info describe() {
    try (Scratch struct = Scratch.ofBytes(ModelInfoStruct.SIZE)) {
      NativeCall.check(
          SledNative.sled_model_describe(handle(), struct.address()), "describe the model");
      int flags = struct.getInt(ModelInfoStruct.FLAGS);
      return new Info(
          struct.getInt(ModelInfoStruct.VOCABULARY_ROWS),
          struct.getInt(ModelInfoStruct.VOCABULARY_TOKENS),
          struct.getInt(ModelInfoStruct.CONTEXT_TRAIN_TOKENS),
          struct.getInt(ModelInfoStruct.EMBEDDING_WIDTH),
          struct.getInt(ModelInfoStruct.LAYER_COUNT),
          struct.getInt(ModelInfoStruct.BOS_TOKEN),
          struct.getInt(ModelInfoStruct.EOS_TOKEN),
          struct.getInt(ModelInfoStruct.EOT_TOKEN),
          struct.getInt(ModelInfoStruct.NEWLINE_TOKEN),
          struct.getLong(ModelInfoStruct.PARAMETER_COUNT),
          struct.getLong(ModelInfoStruct.WEIGHT_BYTES),
          struct.getLong(ModelInfoStruct.TOKENS_HASH),
          struct.getLong(ModelInfoStruct.MERGES_HASH),
          struct.getLong(ModelInfoStruct.SPECIALS_HASH),
          struct.getLong(ModelInfoStruct.PRETOKENIZER_HASH),
          struct.getLong(ModelInfoStruct.WEIGHTS_HASH),
          (flags & SledNative.SLED_MODEL_INFO_VOCAB_ONLY) != 0,
          (flags & SledNative.SLED_MODEL_INFO_ADDS_BOS) != 0,
          (flags & SledNative.SLED_MODEL_INFO_ADDS_EOS) != 0,
          (flags & SledNative.SLED_MODEL_INFO_RECURRENT) != 0,
          (flags & SledNative.SLED_MODEL_INFO_ENCODER) != 0,
          (flags & SledNative.SLED_MODEL_INFO_HAS_TEMPLATE) != 0);
    }
  }
}
