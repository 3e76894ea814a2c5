package org.sled.jni;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sled.jni.SledLayout.ChatParamsStruct;
import org.sled.jni.SledLayout.DeviceInfoStruct;
import org.sled.jni.SledLayout.DraftParamsStruct;
import org.sled.jni.SledLayout.EngineInfoStruct;
import org.sled.jni.SledLayout.EngineParamsStruct;
import org.sled.jni.SledLayout.GrowInfoStruct;
import org.sled.jni.SledLayout.GrowParamsStruct;
import org.sled.jni.SledLayout.MemoryPlanStruct;
import org.sled.jni.SledLayout.ModelInfoStruct;
import org.sled.jni.SledLayout.ModelParamsStruct;
import org.sled.jni.SledLayout.SamplingStruct;
import org.sled.jni.SledLayout.SessionInfoStruct;

/**
 * Loads the native libraries, once per process. Owners do it by themselves; call {@link #load} to
 * have it done, or to see why it fails, at a time of your choice. Any thread.
 *
 * <p>Searched in this order; the first directory that has all libraries is taken:
 *
 * <ol>
 *   <li>{@code -Dsled.native.dir}. If it is set, nothing else is searched.
 *   <li>each directory of {@code java.library.path}
 *   <li>the libraries in the jar, extracted below {@code -Dsled.native.cache}, else below {@code
 *       $XDG_CACHE_HOME/sled} or {@code ~/.cache/sled}
 * </ol>
 */
public final class SledLibrary {
  /** System property: the directory that holds the libraries. */
  public static final String DIRECTORY_PROPERTY = "sled.native.dir";

  /** System property: where libraries from a jar are extracted to. */
  public static final String CACHE_PROPERTY = "sled.native.cache";

  /** Each needs those before it. */
  private static final List<String> LIBRARIES =
      List.of("libggml-base.so", "libggml.so", "libllama.so", "libsled.so", "libjnisled.so");

  private static final Object LOCK = new Object();

  /** Set when everything is done: what other threads look at. */
  private static volatile boolean ready;

  /** Under the lock. Set as soon as natives can be called: the last steps of loading do that. */
  private static Path loadedFrom;

  private SledLibrary() {}

  /**
   * Loads the libraries if that has not happened yet.
   *
   * @throws SledException every path that was tried and why it would not do
   */
  public static void load() {
    if (ready) {
      return;
    }
    synchronized (LOCK) {
      if (loadedFrom != null) {
        return; // ready by now, or called from below
      }
      Path directory = find(System.getProperty(DIRECTORY_PROPERTY));
      loadLibraries(directory);
      checkLayout(directory);
      loadedFrom = directory;
      try {
        loadBackends(directory);
        ready = true;
      } finally {
        if (!ready) {
          loadedFrom = null;
        }
      }
    }
  }

  private static void loadLibraries(Path directory) {
    // JavaCPP would count the machine's memory against the heap limit, and fail beside a large
    // model.
    setIfAbsent("org.bytedeco.javacpp.maxBytes", "0");
    setIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    for (String library : LIBRARIES) {
      Path file = directory.resolve(library);
      try {
        System.load(file.toString());
      } catch (UnsatisfiedLinkError e) {
        throw new SledException(
            SledStatus.IO, "cannot load " + file + ": " + e.getMessage() + noexecHint(e), e);
      }
    }
  }

  private static void loadBackends(Path directory) {
    try (Scratch path = Scratch.ofPath(directory)) {
      NativeCall.check(
          SledNative.sled_backend_load(path.address()), "load compute backends from " + directory);
    } finally {
      NativeLog.drain();
    }
  }

  /** Where the libraries were loaded from. */
  public static Path directory() {
    load();
    synchronized (LOCK) {
      return loadedFrom;
    }
  }

  /** {@code key=value} lines: versions, compiler, build type, sanitizer. */
  public static String buildInfo() {
    load();
    return NativeCall.text("build info", SledNative::sled_build_info);
  }

  /** What the library was built from, by key, in its own order. */
  public static Map<String, String> buildProperties() {
    Map<String, String> properties = new LinkedHashMap<>();
    for (String pair : buildInfo().split("\n", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        properties.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
    }
    return properties;
  }

  /**
   * Why compute backends that are installed cannot be used on this machine: no driver, a CUDA
   * library is missing, no GPU. One line for each; empty when all can be used.
   */
  public static List<String> backendProblems() {
    load();
    return NativeCall.text("backend problems", SledNative::sled_backend_problems).lines().toList();
  }

  /** The compute devices that can be used here; the CPU is always one. */
  public static List<DeviceInfo> devices() {
    load();
    try (Scratch count = Scratch.ofBytes(Integer.BYTES);
        Scratch struct = Scratch.ofBytes(DeviceInfoStruct.SIZE)) {
      NativeCall.check(SledNative.sled_device_count(count.address()), "count devices");
      List<DeviceInfo> devices = new ArrayList<>();
      for (int i = 0; i < count.getInt(0); i++) {
        NativeCall.check(SledNative.sled_device_describe(i, struct.address()), "device " + i);
        devices.add(DeviceInfo.read(struct));
      }
      return List.copyOf(devices);
    }
  }

  /** What this process may compute with, as it is now. */
  public static CpuLimits cpuLimits() {
    load();
    try (Scratch numbers = Scratch.ofBytes(3 * Integer.BYTES)) {
      long address = numbers.address();
      NativeCall.check(
          SledNative.sled_cpu_limits(address, address + Integer.BYTES, address + 2 * Integer.BYTES),
          "read CPU limits");
      return new CpuLimits(
          numbers.getInt(0), numbers.getInt(Integer.BYTES), numbers.getInt(2 * Integer.BYTES));
    }
  }

  /** For example {@code linux-x86_64}: the name of this machine's libraries in packages. */
  public static String platform() {
    String arch = System.getProperty("os.arch");
    return System.getProperty("os.name").toLowerCase(Locale.ROOT)
        + "-"
        + (arch.equals("amd64") ? "x86_64" : arch);
  }

  /** The directory to load from, by the order above. */
  static Path find(String explicit) {
    List<String> tried = new ArrayList<>();
    if (explicit != null && !explicit.isEmpty()) {
      Path directory = Path.of(explicit).toAbsolutePath().normalize();
      if (complete(directory, "-D" + DIRECTORY_PROPERTY, tried)) {
        return directory;
      }
      throw notFound(tried);
    }
    for (String entry : System.getProperty("java.library.path", "").split(":", -1)) {
      if (entry.isEmpty()) {
        continue;
      }
      Path directory = Path.of(entry).toAbsolutePath().normalize();
      if (complete(directory, "java.library.path", tried)) {
        return directory;
      }
    }
    Path packaged = packaged(tried);
    if (packaged != null) {
      return packaged;
    }
    throw notFound(tried);
  }

  private static boolean complete(Path directory, String origin, List<String> tried) {
    String problem = null;
    if (!Files.isDirectory(directory)) {
      problem = "no such directory";
    } else {
      for (String library : LIBRARIES) {
        if (!Files.isReadable(directory.resolve(library))) {
          problem = library + " is missing or not readable";
          break;
        }
      }
    }
    if (problem != null) {
      tried.add(directory + " (" + origin + "): " + problem);
    }
    return problem == null;
  }

  private static Path packaged(List<String> tried) {
    String platform = platform();
    try {
      for (String name : packagedNames(platform)) {
        Path directory =
            PackagedLibraries.extract(SledLibrary.class.getClassLoader(), name, cache());
        if (directory != null) {
          return complete(directory, "extracted from the jar", tried) ? directory : null;
        }
      }
      tried.add(
          "class path: no /"
              + PackagedLibraries.resourceRoot(platform)
              + PackagedLibraries.INDEX
              + ": no jar with libraries for "
              + platform
              + " (add sled-jni-bindings with the classifier "
              + platform
              + ")");
    } catch (IOException e) {
      tried.add(
          "class path: extracting the jar's libraries failed: "
              + e
              + " (-D"
              + CACHE_PROPERTY
              + "=/a/directory names another place)");
    }
    return null;
  }

  /** Classifiers of the jars that serve a platform; those with a GPU's backend come first. */
  static List<String> packagedNames(String platform) {
    return List.of(platform + "-cuda", platform + "-jetson", platform);
  }

  private static Path cache() throws IOException {
    String explicit = System.getProperty(CACHE_PROPERTY);
    if (explicit != null && !explicit.isEmpty()) {
      return Path.of(explicit).toAbsolutePath();
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    if (xdg != null && !xdg.isEmpty()) {
      return Path.of(xdg, "sled");
    }
    String home = System.getProperty("user.home");
    if (home == null || home.isEmpty() || home.equals("?")) {
      throw new IOException(
          "no home directory to keep them in; set -D" + CACHE_PROPERTY + "=/a/directory");
    }
    return Path.of(home, ".cache", "sled");
  }

  private static SledException notFound(List<String> tried) {
    return new SledException(
        SledStatus.IO,
        "SLED's native libraries were not found. Tried:\n  "
            + String.join("\n  ", tried)
            + "\nBuild them with ./sled build, or name their directory: -D"
            + DIRECTORY_PROPERTY
            + "=/a/directory");
  }

  private static String noexecHint(UnsatisfiedLinkError e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("failed to map segment") || message.contains("not permitted")
        ? "\nIts file system may be mounted noexec. Libraries from a jar go elsewhere with -D"
            + CACHE_PROPERTY
            + "=/another/directory"
        : "";
  }

  private static void checkLayout(Path directory) {
    int version = SledNative.sled_abi_version();
    if (version != SledNative.SLED_ABI_VERSION) {
      throw new SledException(
          SledStatus.UNSUPPORTED,
          directory
              + " holds libraries with ABI version "
              + version
              + ", these classes need "
              + SledNative.SLED_ABI_VERSION);
    }
    checkSize(
        directory, "model_params", SledNative.SLED_STRUCT_MODEL_PARAMS, ModelParamsStruct.SIZE);
    checkSize(directory, "model_info", SledNative.SLED_STRUCT_MODEL_INFO, ModelInfoStruct.SIZE);
    checkSize(
        directory, "engine_params", SledNative.SLED_STRUCT_ENGINE_PARAMS, EngineParamsStruct.SIZE);
    checkSize(directory, "engine_info", SledNative.SLED_STRUCT_ENGINE_INFO, EngineInfoStruct.SIZE);
    checkSize(directory, "memory_plan", SledNative.SLED_STRUCT_MEMORY_PLAN, MemoryPlanStruct.SIZE);
    checkSize(
        directory, "session_info", SledNative.SLED_STRUCT_SESSION_INFO, SessionInfoStruct.SIZE);
    checkSize(directory, "slot", SledNative.SLED_STRUCT_SLOT, VerifySlots.SLOT_BYTES);
    checkSize(directory, "step_stats", SledNative.SLED_STRUCT_STEP_STATS, StepStats.SIZE);
    checkSize(
        directory, "draft_params", SledNative.SLED_STRUCT_DRAFT_PARAMS, DraftParamsStruct.SIZE);
    checkSize(directory, "draft_choice", SledNative.SLED_STRUCT_DRAFT_CHOICE, DraftChoice.SIZE);
    checkSize(directory, "sampling", SledNative.SLED_STRUCT_SAMPLING, SamplingStruct.SIZE);
    checkSize(directory, "device_info", SledNative.SLED_STRUCT_DEVICE_INFO, DeviceInfoStruct.SIZE);
    checkSize(directory, "grow_params", SledNative.SLED_STRUCT_GROW_PARAMS, GrowParamsStruct.SIZE);
    checkSize(directory, "chat_params", SledNative.SLED_STRUCT_CHAT_PARAMS, ChatParamsStruct.SIZE);
    checkSize(directory, "grow_info", SledNative.SLED_STRUCT_GROW_INFO, GrowInfoStruct.SIZE);
  }

  private static void checkSize(Path directory, String struct, int id, int expected) {
    int size = SledNative.sled_struct_size(id);
    if (size != expected) {
      throw new SledException(
          SledStatus.UNSUPPORTED,
          directory
              + ": sled_"
              + struct
              + " has "
              + size
              + " bytes there, these classes know "
              + expected);
    }
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
