package org.sled.cli.hub;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * A hub with one repository, and the store on another host that it redirects to. It speaks as the
 * real one does, and as badly as a test wants: a connection has one request, and an answer may be
 * cut, drip, have no end or lie.
 */
public final class FakeHub implements AutoCloseable {
  private static final int HANG_MILLIS = 30_000;

  public static final String COMMIT = "5a1e".repeat(10);

  /** What came. */
  public record Request(boolean toStore, String method, String path, Map<String, String> headers) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }

    boolean isFile() {
      return path.contains("/resolve/") || toStore;
    }

    boolean isList() {
      return path.startsWith("/api/");
    }

    public long from() {
      String range = header("range");
      return range.isEmpty() ? 0 : Long.parseLong(range.replaceAll("bytes=([0-9]+)-", "$1"));
    }
  }

  /** What is answered. */
  public static final class Answer {
    int status;
    final Map<String, String> headers = new LinkedHashMap<>();
    byte[] body;
    int cutAt = Integer.MAX_VALUE; // bytes of the body, then the connection ends
    int dripMillis; // between bytes
    boolean endless; // the body again and again
    boolean hangsAtEnd; // keeps the connection open behind what it sends
    boolean hangs; // sends the headers, and then nothing

    Answer(int status, byte[] body) {
      this.status = status;
      this.body = body;
      headers.put("Content-Length", Integer.toString(body.length));
    }

    static Answer text(int status, String type, String text) {
      return new Answer(status, text.getBytes(StandardCharsets.UTF_8)).with("Content-Type", type);
    }

    Answer with(String name, String value) {
      headers.put(name, value);
      return this;
    }

    Answer without(String name) {
      headers.remove(name);
      return this;
    }

    /** Sends so many bytes of the body, and then nothing, with the connection open. */
    public Answer hangAt(int bytes) {
      cutAt = bytes;
      hangsAtEnd = true;
      return this;
    }

    Answer cutAt(int bytes) {
      cutAt = bytes;
      return this;
    }
  }

  /** A file of the repository. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Stored(byte[] bytes, boolean isLarge) {}

  private final ServerSocket hub;
  private final ServerSocket store;
  private final Map<String, Map<String, Stored>> repositories = new LinkedHashMap<>();
  private final List<Thread> accepting = new ArrayList<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private Map<String, Stored> files; // of the repository that was named last
  private volatile Function<Request, Answer> fault = request -> null;
  volatile String commit = COMMIT;
  volatile boolean redirects = true;

  public FakeHub(String repo) throws IOException {
    repo(repo);
    hub = new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    store = new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 2}));
    serve(hub, false);
    serve(store, true);
  }

  public String endpoint() {
    return "http://127.0.0.1:" + hub.getLocalPort();
  }

  String storeAddress() {
    return "http://127.0.0.2:" + store.getLocalPort();
  }

  /** A repository, which the files that are named behind it belong to. */
  public FakeHub repo(String name) {
    files = new LinkedHashMap<>();
    repositories.put(name, files);
    return this;
  }

  /** A file that is kept in the store. */
  public FakeHub large(String path, byte... bytes) {
    files.put(path, new Stored(bytes, true));
    return this;
  }

  /** A file that is kept in git. */
  FakeHub small(String path, byte... bytes) {
    files.put(path, new Stored(bytes, false));
    return this;
  }

  /** What is asked first; null from it means that all is well. */
  public void fault(Function<Request, Answer> newFault) {
    fault = newFault;
  }

  public List<Request> requests() {
    return List.copyOf(requests);
  }

  public long fileRequests() {
    return requests.stream().filter(request -> request.toStore()).count();
  }

  static String sha256(byte... bytes) {
    return sum("SHA-256", bytes);
  }

  static String gitSum(byte... bytes) {
    byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head);
    all.writeBytes(bytes);
    return sum("SHA-1", all.toByteArray());
  }

  private static String sum(String algorithm, byte... bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private void serve(ServerSocket socket, boolean toStore) {
    Thread thread =
        new Thread(
            () -> {
              while (!socket.isClosed()) {
                try {
                  Socket client = socket.accept();
                  Thread answering = new Thread(() -> answer(client, toStore), "fake-hub-answer");
                  answering.setDaemon(true);
                  answering.start();
                } catch (IOException e) {
                  // Closed.
                }
              }
            },
            "fake-hub");
    thread.setDaemon(true);
    thread.start();
    accepting.add(thread);
  }

  private void answer(Socket client, boolean toStore) {
    try (client) {
      client.setSoTimeout(30_000);
      Request request = read(client.getInputStream(), toStore);
      if (request != null) {
        requests.add(request);
        Answer answer = fault.apply(request);
        send(client.getOutputStream(), request, answer == null ? usual(request) : answer);
      }
    } catch (IOException | InterruptedException e) {
      // The client is gone, or the test is over.
    }
  }

  private static Request read(InputStream in, boolean toStore) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(in);
    List<String> lines = new ArrayList<>();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = buffered.read(); next >= 0; next = buffered.read()) {
      if (next == '\n') {
        String text = line.toString(StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
          break;
        }
        lines.add(text);
        line.reset();
      } else {
        line.write(next);
      }
    }
    if (lines.isEmpty()) {
      return null;
    }
    Map<String, String> headers = new LinkedHashMap<>();
    for (String header : lines.subList(1, lines.size())) {
      int colon = header.indexOf(':');
      headers.put(
          header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
    }
    String[] first = lines.get(0).split(" ", -1);
    return new Request(toStore, first[0], first[1], headers);
  }

  private static void send(OutputStream out, Request request, Answer answer)
      throws IOException, InterruptedException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status + " Whatever\r\n");
    answer.headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    head.append("Connection: close\r\n\r\n");
    out.write(head.toString().getBytes(StandardCharsets.UTF_8));
    out.flush();
    if (request.method().equals("HEAD")) {
      return;
    }
    if (answer.hangs) {
      Thread.sleep(HANG_MILLIS);
    }
    int count = Math.min(answer.cutAt, answer.body.length);
    if (answer.dripMillis > 0) {
      for (int i = 0; i < count; i++) {
        out.write(answer.body[i]);
        out.flush();
        Thread.sleep(answer.dripMillis);
      }
    }
    do {
      out.write(answer.body, 0, answer.dripMillis > 0 ? 0 : count);
      out.flush();
    } while (answer.endless);
    if (answer.hangsAtEnd) {
      Thread.sleep(HANG_MILLIS);
    }
  }

  /** What the real hub would say. */
  public Answer usual(Request request) {
    String path = URLDecoder.decode(request.path(), StandardCharsets.UTF_8);
    if (request.toStore()) {
      return stored(request, path.substring(path.lastIndexOf('/') + 1));
    }
    for (String repo : repositories.keySet()) {
      String api = "/api/models/" + repo + "/revision/";
      if (path.startsWith(api)) {
        String revision = path.substring(api.length()).replaceFirst("\\?.*", "");
        return revision.equals("main") || revision.equals(commit)
            ? list(repo)
            : Answer.text(404, "application/json", "{\"error\": \"Invalid rev id\"}")
                .with("X-Error-Code", "RevisionNotFound");
      }
      String resolve = "/" + repo + "/resolve/";
      if (path.startsWith(resolve)) {
        String rest = path.substring(resolve.length());
        return resolved(request, repo, rest.substring(rest.indexOf('/') + 1));
      }
    }
    return Answer.text(401, "application/json", "{\"error\": \"Invalid username or password.\"}")
        .with("X-Error-Code", "RepoNotFound")
        .with("WWW-Authenticate", "Bearer");
  }

  /** Of the first repository. */
  Answer list() {
    return list(repositories.keySet().iterator().next());
  }

  private Answer list(String repo) {
    StringBuilder json = new StringBuilder("{\"id\": \"" + repo + "\", \"sha\": \"" + commit);
    json.append("\", \"siblings\": [");
    String comma = "";
    for (Map.Entry<String, Stored> file : repositories.get(repo).entrySet()) {
      byte[] bytes = file.getValue().bytes();
      json.append(comma + "{\"rfilename\": \"" + file.getKey() + "\", \"size\": " + bytes.length);
      json.append(", \"blobId\": \"" + gitSum(bytes) + "\"");
      if (file.getValue().isLarge()) {
        json.append(", \"lfs\": {\"sha256\": \"" + sha256(bytes) + "\", \"size\": ");
        json.append(bytes.length + ", \"pointerSize\": 134}");
      }
      json.append('}');
      comma = ", ";
    }
    return Answer.text(200, "application/json", json.append("]}").toString());
  }

  private Answer resolved(Request request, String repo, String path) {
    Stored file = repositories.get(repo).get(path);
    if (file == null) {
      return Answer.text(404, "text/plain", "Entry not found")
          .with("X-Error-Code", "EntryNotFound")
          .with("X-Repo-Commit", commit);
    }
    String sum = file.isLarge() ? sha256(file.bytes()) : gitSum(file.bytes());
    if (!file.isLarge() || !redirects) {
      return part(request, file.bytes())
          .with("X-Repo-Commit", commit)
          .with("ETag", "\"" + sum + "\"");
    }
    return Answer.text(302, "text/plain", "Found")
        .with("Location", storeAddress() + "/bucket/" + sum)
        .with("X-Repo-Commit", commit)
        .with("X-Linked-Size", Integer.toString(file.bytes().length))
        .with("X-Linked-ETag", "\"" + sum + "\"");
  }

  private Answer stored(Request request, String sum) {
    for (Map<String, Stored> stored : repositories.values()) {
      for (Stored file : stored.values()) {
        if (sha256(file.bytes()).equals(sum)) {
          return part(request, file.bytes()).with("ETag", "\"store-" + sum.substring(0, 8) + "\"");
        }
      }
    }
    return Answer.text(403, "application/xml", "<Error/>");
  }

  /** As much as was asked for. */
  static Answer part(Request request, byte... bytes) {
    int from = (int) request.from();
    if (from == 0) {
      return new Answer(200, bytes).with("Accept-Ranges", "bytes");
    }
    if (from >= bytes.length) {
      return new Answer(416, new byte[0]).with("Content-Range", "bytes */" + bytes.length);
    }
    byte[] rest = Arrays.copyOfRange(bytes, from, bytes.length);
    return new Answer(206, rest)
        .with("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
  }

  @Override
  public void close() throws IOException {
    hub.close();
    store.close();
    try {
      for (Thread thread : accepting) {
        thread.join(); // until then the port may still take a connection
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
