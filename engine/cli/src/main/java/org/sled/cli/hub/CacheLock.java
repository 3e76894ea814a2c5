package org.sled.cli.hub;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file lock of the kind that Hugging Face's own tools take (flock), so that one file is fetched
 * by one thread of one process at a time. Java's own locks are of another kind, which flock does
 * not see. It ends with the process, however that ends. Where the file system has no locks there is
 * none; a file that two write at a time fails its checksum then.
 */
final class CacheLock implements AutoCloseable {
  private static final int POLL_MILLIS = 200;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_CLOEXEC = 02000000;
  private static final int MODE = 0664; // as huggingface_hub has it, for caches of several users
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int EINTR = 4;
  private static final int EAGAIN = 11;

  private final int file; // -1 for none

  private CacheLock(int file) {
    this.file = file;
  }

  /**
   * Takes it, however long another one has it.
   *
   * @param waiting called once if there is another one
   */
  static CacheLock take(Path path, Runnable waiting) throws IOException, InterruptedException {
    Files.createDirectories(path.getParent());
    int file = open(path);
    boolean taken = false;
    try {
      boolean said = false;
      while (Libc.flock(file, LOCK_EX | LOCK_NB) != 0) {
        int error = Native.getLastError();
        if (error != EAGAIN && error != EINTR) {
          return new CacheLock(-1);
        }
        if (error == EAGAIN && !said) {
          said = true;
          waiting.run();
        }
        Thread.sleep(POLL_MILLIS);
      }
      taken = true;
      return new CacheLock(file);
    } finally {
      if (!taken) {
        int unused = Libc.close(file);
      }
    }
  }

  private static int open(Path path) throws IOException {
    byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
    int file = Libc.open(name, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
    if (file < 0) {
      throw new IOException(path + " cannot be opened: errno " + Native.getLastError());
    }
    int unused = Libc.fchmod(file, MODE); // which only its owner may do
    return file;
  }

  @Override
  public void close() {
    if (file >= 0) {
      int unused = Libc.close(file);
    }
  }

  /** The numbers above are Linux's on x86-64 and aarch64. */
  private static final class Libc {
    static {
      Native.register("c");
    }

    private Libc() {}

    static native int open(byte[] path, int flags, int mode);

    static native int fchmod(int fileDescriptor, int mode);

    static native int flock(int fileDescriptor, int operation);

    static native int close(int fileDescriptor);
  }
}
