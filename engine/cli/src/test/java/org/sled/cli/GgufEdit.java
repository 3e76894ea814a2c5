package org.sled.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model of the demo pair, to be written again with another tokenizer. */
public final class GgufEdit {
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;

  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final String EMBEDDING = "token_embd.weight";

  private static final int ALIGNMENT = 32;
  private static final int MAGIC = 0x46554747;

  // Types of metadata.
  private static final int INT32 = 5;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final int version;
  private final Map<String, byte[]> metadata = new LinkedHashMap<>(); // type and value as in a file
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private static final class Tensor {
    final long[] shape;
    final int type;
    final byte[] data;

    Tensor(long[] shape, int type, byte[] data) {
      this.shape = shape;
      this.type = type;
      this.data = data;
    }

    /** Of F32 or Q8_0, 34 bytes for 32 numbers. */
    static int rowBytes(long columns, int type) {
      return Math.toIntExact(type == 0 ? columns * 4 : columns / 32 * 34);
    }
  }

  public GgufEdit(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    in.getInt();
    version = in.getInt();
    int tensorCount = (int) in.getLong();
    int keys = (int) in.getLong();
    for (int i = 0; i < keys; i++) {
      String key = string(in);
      int start = in.position();
      skip(in, in.getInt());
      byte[] value = new byte[in.position() - start];
      in.get(start, value);
      metadata.put(key, value);
    }
    List<String> names = new ArrayList<>();
    List<long[]> shapes = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    List<Integer> offsets = new ArrayList<>();
    for (int i = 0; i < tensorCount; i++) {
      names.add(string(in));
      long[] shape = new long[in.getInt()];
      Arrays.setAll(shape, d -> in.getLong());
      shapes.add(shape);
      types.add(in.getInt());
      offsets.add((int) in.getLong());
    }
    int data = aligned(in.position());
    for (int i = 0; i < tensorCount; i++) {
      long[] shape = shapes.get(i);
      int rows = shape.length < 2 ? 1 : (int) shape[1];
      byte[] bytes = new byte[rows * Tensor.rowBytes(shape[0], types.get(i))];
      in.get(data + offsets.get(i), bytes);
      tensors.put(names.get(i), new Tensor(shape, types.get(i), bytes));
    }
  }

  private static int aligned(int offset) {
    return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Bytes as characters, so that none is lost. */
  private static String string(ByteBuffer in) {
    byte[] bytes = new byte[(int) in.getLong()];
    in.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static void skip(ByteBuffer in, int type) {
    switch (type) {
      case STRING -> string(in);
      case ARRAY -> {
        int element = in.getInt();
        long count = in.getLong();
        for (long i = 0; i < count; i++) {
          skip(in, element);
        }
      }
      case 0, 1, BOOL -> in.get();
      case 2, 3 -> in.getShort();
      case 4, INT32, 6 -> in.getInt();
      default -> in.getLong();
    }
  }

  private ByteBuffer elements(String key) {
    ByteBuffer value = ByteBuffer.wrap(metadata.get(key)).order(ByteOrder.LITTLE_ENDIAN);
    return value.position(Integer.BYTES * 2); // behind both types
  }

  private List<String> strings(String key) {
    ByteBuffer in = elements(key);
    List<String> strings = new ArrayList<>();
    for (long left = in.getLong(); left > 0; left--) {
      strings.add(string(in));
    }
    return strings;
  }

  private void put(String key, List<String> strings) {
    int bytes = strings.stream().mapToInt(text -> Long.BYTES + text.length()).sum();
    ByteBuffer out = buffer(16 + bytes).putInt(ARRAY).putInt(STRING).putLong(strings.size());
    strings.forEach(text -> put(out, text));
    metadata.put(key, written(out));
  }

  private int[] types() {
    ByteBuffer in = elements(TYPES);
    int[] types = new int[(int) in.getLong()];
    Arrays.setAll(types, i -> in.getInt());
    return types;
  }

  private void put(int[] types) {
    ByteBuffer out = buffer(16 + 4 * types.length).putInt(ARRAY).putInt(INT32);
    out.putLong(types.length);
    for (int type : types) {
      out.putInt(type);
    }
    metadata.put(TYPES, written(out));
  }

  private static void put(ByteBuffer out, String text) {
    out.putLong(text.length()).put(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] written(ByteBuffer out) {
    byte[] bytes = new byte[out.position()];
    out.get(0, bytes);
    return bytes;
  }

  // ---------------------------------------------------------------- edits

  GgufEdit text(String key, String value) {
    ByteBuffer out = buffer(12 + value.length()).putInt(STRING);
    put(out, value);
    metadata.put(key, written(out));
    return this;
  }

  GgufEdit flag(String key, boolean value) {
    metadata.put(key, written(buffer(5).putInt(BOOL).put((byte) (value ? 1 : 0))));
    return this;
  }

  public GgufEdit without(String key) {
    metadata.remove(key);
    return this;
  }

  GgufEdit token(int id, String text) {
    List<String> tokens = strings(TOKENS);
    tokens.set(id, text);
    put(TOKENS, tokens);
    return this;
  }

  /** These tokens become others, the rest of the vocabulary stays. */
  public GgufEdit otherTokens(int from, int count) {
    List<String> tokens = strings(TOKENS);
    for (int id = from; id < from + count; id++) {
      tokens.set(id, "other" + id);
    }
    put(TOKENS, tokens);
    return this;
  }

  GgufEdit type(int id, int type) {
    int[] types = types();
    types[id] = type;
    put(types);
    return this;
  }

  GgufEdit withoutLastMerge() {
    List<String> merges = strings(MERGES);
    put(MERGES, merges.subList(0, merges.size() - 1));
    return this;
  }

  /**
   * Appends tokens.
   *
   * @param text of each, with its number in place of %d
   * @param like the token whose weights they get
   */
  GgufEdit append(int count, String text, int type, int like) {
    List<String> tokens = strings(TOKENS);
    int[] types = Arrays.copyOf(types(), tokens.size() + count);
    Tensor old = tensors.get(EMBEDDING);
    int rowBytes = Tensor.rowBytes(old.shape[0], old.type);
    byte[] data = Arrays.copyOf(old.data, types.length * rowBytes);
    while (tokens.size() < types.length) {
      System.arraycopy(old.data, like * rowBytes, data, tokens.size() * rowBytes, rowBytes);
      types[tokens.size()] = type;
      tokens.add(text.replace("%d", String.valueOf(tokens.size())));
    }
    put(TOKENS, tokens);
    put(types);
    tensors.put(EMBEDDING, new Tensor(new long[] {old.shape[0], types.length}, old.type, data));
    metadata.put("llama.vocab_size", written(buffer(8).putInt(4).putInt(types.length)));
    return this;
  }

  public Path write(Path file) throws IOException {
    int bytes = 64 + metadata.values().stream().mapToInt(value -> value.length + 256).sum();
    bytes += tensors.values().stream().mapToInt(t -> t.data.length + ALIGNMENT + 256).sum();
    ByteBuffer out = buffer(bytes).putInt(MAGIC).putInt(version);
    out.putLong(tensors.size()).putLong(metadata.size());
    metadata.forEach(
        (key, value) -> {
          put(out, key);
          out.put(value);
        });
    int offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      put(out, entry.getKey());
      Tensor tensor = entry.getValue();
      out.putInt(tensor.shape.length);
      for (long length : tensor.shape) {
        out.putLong(length);
      }
      out.putInt(tensor.type).putLong(offset);
      offset += aligned(tensor.data.length);
    }
    for (Tensor tensor : tensors.values()) {
      out.position(aligned(out.position()));
      out.put(tensor.data);
    }
    out.position(aligned(out.position()));
    return Files.write(file, written(out));
  }
}
