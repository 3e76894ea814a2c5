package org.sled.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the peers lie: what {@code ./sled build peers} made. Any thread.
 *
 * @param directory {@code native/target/peers} of a checkout
 */
public record PeerFiles(Path directory) {
  /** System property: this directory instead of the checkout's. */
  public static final String DIRECTORY_PROPERTY = "sled.peers";

  /** System property: java-llama.cpp's jar, if it lies elsewhere. */
  public static final String JAVA_LLAMA_PROPERTY = "sled.peer.java-llama";

  private static final String HOW = "./sled build peers";

  /** The peers of the checkout that this program runs from, or of {@value #DIRECTORY_PROPERTY}. */
  public static PeerFiles find() {
    String given = System.getProperty(DIRECTORY_PROPERTY);
    if (given != null) {
      return new PeerFiles(Path.of(given));
    }
    Path home = Path.of(System.getProperty("sled.home", ""));
    return new PeerFiles(home.resolve("native/target/peers").toAbsolutePath().normalize());
  }

  /** llama.cpp's server. */
  public PeerStatus llamaServer() {
    return program("llama-server");
  }

  /** llama.cpp's benchmark of batched decoding. */
  public PeerStatus batchedBench() {
    return program("llama-batched-bench");
  }

  /** java-llama.cpp. That its native library loads here is only seen when it runs. */
  public PeerStatus javaLlama() {
    String name = "java-llama.cpp";
    String given = System.getProperty(JAVA_LLAMA_PROPERTY);
    if (given != null) {
      Path jar = Path.of(given);
      String problem =
          Files.isRegularFile(jar)
              ? null
              : name + ": " + JAVA_LLAMA_PROPERTY + "=" + given + " is no file";
      return new PeerStatus(name, jar, problem);
    }
    Path java = directory.resolve("java");
    try (Stream<Path> files = Files.list(java)) {
      List<Path> jars =
          files.filter(file -> file.getFileName().toString().endsWith(".jar")).sorted().toList();
      if (!jars.isEmpty()) {
        return new PeerStatus(name, jars.get(jars.size() - 1), null);
      }
    } catch (IOException e) {
      // There is no such directory: said below.
    }
    return new PeerStatus(name, java, name + " is not there: " + HOW + " fetches it");
  }

  /** All peers, for a list of what will be measured and what not. */
  public List<PeerStatus> all() {
    return List.of(llamaServer(), batchedBench(), javaLlama());
  }

  private PeerStatus program(String name) {
    Path file = directory.resolve("lib").resolve(name);
    String problem = Files.isExecutable(file) ? null : name + " is not built: " + HOW;
    return new PeerStatus(name, file, problem);
  }
}
