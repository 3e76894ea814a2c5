package org.sled.cli.hub;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sled.net.limit.Quoted;

/**
 * Fetches the bytes of one file into the cache. What came stays in {@code SUM.incomplete}, however
 * this ends, and the next attempt goes on behind it; the file gets its name when all of it is there
 * and has the checksum that the hub says. One thread, which an interrupt stops.
 */
final class BlobDownload {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\\*)");

  private static final int BUFFER_BYTES = 1 << 17;
  private static final byte[] GGUF = {'G', 'G', 'U', 'F'};

  private final HubHttp http;
  private final HubApi api;
  private final HubCache cache;
  private final PullListener listener;
  private final String repo;
  private final String commit;
  private final RepoFile file;
  private final Path part;
  private final BlobSum sum;
  private String entityTag = ""; // of what the part consists of; empty if unknown
  private boolean resumed; // whether the part has bytes from before this attempt

  /** The file has another checksum or length than the list says. */
  static final class ChangedException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  BlobDownload(
      HubHttp http,
      HubApi api,
      HubCache cache,
      PullListener listener,
      String repo,
      String commit,
      RepoFile file) {
    this.http = http;
    this.api = api;
    this.cache = cache;
    this.listener = listener;
    this.repo = repo;
    this.commit = commit;
    this.file = file;
    part = cache.incomplete(repo, file.sum());
    sum = new BlobSum(file);
  }

  /** For people. */
  private String name() {
    return repo + "/" + Quoted.line(file.path());
  }

  /** Bytes of it that are here, whole or in part. */
  static long bytesHere(HubCache cache, String repo, RepoFile file) {
    long whole = length(cache.blob(repo, file.sum()));
    return whole == file.size()
        ? whole
        : Math.min(file.size(), length(cache.incomplete(repo, file.sum())));
  }

  private static long length(Path path) {
    try {
      return Files.size(path);
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Returns when the file is in the cache.
   *
   * @throws ChangedException if the list of files has to be read again
   * @throws HubException if it cannot be had
   */
  void run() throws ChangedException, InterruptedException {
    Path blob = cache.blob(repo, file.sum());
    if (isWhole(blob)) {
      return;
    }
    long before = bytesHere(cache, repo, file);
    try {
      CacheLock lock =
          CacheLock.take(
              cache.lock(repo, file.sum()),
              () -> listener.note("waiting for another process that fetches " + name()));
      try (lock) {
        if (isWhole(blob)) {
          listener.fetched(file.size() - before);
          return;
        }
        fetch(length(part) - before);
        Path unused = Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw storage(e);
    }
  }

  private boolean isWhole(Path blob) {
    return Files.isRegularFile(blob) && length(blob) == file.size();
  }

  /**
   * Fetches what is missing.
   *
   * @param unseen bytes that came since the listener was told
   */
  private void fetch(long unseen) throws ChangedException, IOException, InterruptedException {
    cache.prepare(repo);
    Pauses pauses = new Pauses(http.patience(), listener, name(), http.patience().attempts());
    try (RandomAccessFile out = new RandomAccessFile(part.toFile(), "rw")) {
      listener.fetched(unseen);
      long there = out.length();
      resumed = there > 0;
      if (there > file.size()) {
        restart(out, there);
      } else {
        sum.begin(part, there);
        out.seek(there);
      }
      boolean again = false;
      while (true) {
        complete(out, pauses);
        if (sum.isRight()) {
          out.getFD().sync();
          return;
        }
        boolean hadOldBytes = resumed;
        restart(out, out.getFilePointer());
        if (!hadOldBytes || again) {
          Files.deleteIfExists(part);
          throw new HubException(
              HubException.Kind.REFUSED,
              name()
                  + " came with another checksum than the hub says, and was removed: try again; if"
                  + " that does not help, something in between changes it");
        }
        again = true;
        listener.note(name() + ": what was there does not fit; fetching it from the beginning");
      }
    }
  }

  /** Asks again and again until the part has all bytes. */
  private void complete(RandomAccessFile out, Pauses pauses)
      throws ChangedException, IOException, InterruptedException {
    long mark = out.getFilePointer();
    while (out.getFilePointer() < file.size()) {
      try {
        attempt(out);
      } catch (NetworkException e) {
        if (out.getFilePointer() - mark >= Patience.PROGRESS_BYTES) {
          pauses.reset();
        }
        mark = out.getFilePointer();
        resumed = mark > 0;
        pauses.after(e.failure);
      }
    }
  }

  /** The other side's fault, and not the disk's. */
  private static final class NetworkException extends Exception {
    private static final long serialVersionUID = 1L;

    private final IOException failure;

    NetworkException(IOException failure) {
      super(failure);
      this.failure = failure;
    }
  }

  private void attempt(RandomAccessFile out)
      throws ChangedException, NetworkException, IOException, InterruptedException {
    URI uri = api.file(repo, commit, file.path());
    long from = out.getFilePointer();
    HubHttp.Answer received;
    try {
      received = http.get(uri, from);
    } catch (IOException e) {
      throw new NetworkException(e);
    }
    try (HubHttp.Answer answer = received) {
      check(answer);
      if (answer.status() == 416
          || (from > 0 && (answer.status() != 206 || !isContinuation(answer, from)))) {
        restart(out, from);
        if (answer.status() != 200) {
          return;
        }
      }
      entityTag = answer.header("ETag");
      receive(out, answer);
    }
  }

  /** Whether these bytes belong behind those that are there. */
  private boolean isContinuation(HubHttp.Answer answer, long from) throws NetworkException {
    Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range"));
    if (!range.matches() || Long.parseLong(range.group(1)) != from) {
      throw new NetworkException(new IOException("it sends another part than was asked for"));
    }
    boolean sameLength =
        range.group(2).equals("*") || Long.parseLong(range.group(2)) == file.size();
    boolean sameTag = entityTag.isEmpty() || entityTag.equals(answer.header("ETag"));
    return sameLength && sameTag;
  }

  private void check(HubHttp.Answer answer) throws ChangedException {
    String tag = answer.linkedSum();
    if (tag.isEmpty() && answer.isOwn() && answer.status() < 300) {
      tag = HubHttp.plainTag(answer.header("ETag")); // a store's own tag says nothing to us
    }
    boolean otherSum = RepoFile.isSum(tag) && !tag.equals(file.sum());
    boolean otherSize = answer.linkedSize() >= 0 && answer.linkedSize() != file.size();
    if (otherSum || otherSize) {
      throw new ChangedException();
    }
    if (answer.status() >= 300 && answer.status() != 416) {
      throw api.refusal(answer, repo, commit, file.path());
    }
    String encoding = answer.header("Content-Encoding");
    if (!encoding.isEmpty() && !encoding.equalsIgnoreCase("identity")) {
      throw new HubException(
          HubException.Kind.REFUSED,
          "something in between encodes "
              + name()
              + " as "
              + Quoted.of(encoding)
              + ", which was not asked for: check HTTPS_PROXY and HF_ENDPOINT");
    }
    long length = answer.length();
    boolean odd = answer.status() == 200 && length >= 0 && length != file.size();
    if (answer.isPage() && (odd || length < 0)) {
      throw HubApi.page();
    }
    if (odd) {
      throw new ChangedException();
    }
  }

  private void receive(RandomAccessFile out, HubHttp.Answer answer)
      throws NetworkException, IOException, InterruptedException {
    byte[] bytes = new byte[BUFFER_BYTES];
    long position = out.getFilePointer();
    while (position < file.size()) {
      int count;
      try {
        count = answer.body().read(bytes);
      } catch (IOException e) {
        throw new NetworkException(e);
      }
      if (count < 0) {
        throw new NetworkException(new IOException("the connection was cut"));
      }
      if (position == 0 && count >= GGUF.length && isPage(bytes)) {
        throw HubApi.page();
      }
      // No more than the hub said, whatever comes.
      int used = (int) Math.min(count, file.size() - position);
      out.write(bytes, 0, used);
      sum.update(bytes, used);
      position += used;
      listener.fetched(used);
    }
  }

  private static boolean isPage(byte... bytes) {
    boolean isGguf = true;
    for (int i = 0; i < GGUF.length; i++) {
      isGguf &= bytes[i] == GGUF[i];
    }
    return !isGguf && bytes[0] == '<';
  }

  private void restart(RandomAccessFile out, long there) throws IOException {
    out.setLength(0);
    out.seek(0);
    sum.reset();
    entityTag = "";
    resumed = false;
    listener.fetched(-there);
  }

  private HubException storage(IOException failure) {
    return storage(cache.root(), name(), failure, HubSettings.CACHE);
  }

  /**
   * What the disk says, with what to do about it.
   *
   * @param variable of the environment that says where the cache is
   */
  static HubException storage(Path root, String what, IOException failure, String variable) {
    String text = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    boolean full =
        text.contains("No space left")
            || text.contains("Disk quota")
            || text.contains("File too large");
    return new HubException(
        HubException.Kind.STORAGE,
        full
            ? "there is no space left for "
                + what
                + " in "
                + root
                + ": free some and try again, which goes on where it stood, or set "
                + variable
                + " to another disk"
            : what
                + " cannot be stored in "
                + root
                + " ("
                + Quoted.line(text)
                + "): check its"
                + " permissions, or set "
                + variable
                + " to another directory",
        failure);
  }
}
