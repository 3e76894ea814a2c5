package org.sled.jni;

import java.nio.file.Path;

/** The demo models of the checkout, opened for a test. */
final class DemoPair {
  private DemoPair() {}

  static Path targetFile() {
    return file("demo-target.gguf");
  }

  static Model target() {
    return Model.open(targetFile(), ModelParams.DEFAULT);
  }

  static Model draft() {
    return Model.open(file("demo-draft.gguf"), ModelParams.DEFAULT);
  }

  static Path file(String name) {
    return Path.of(System.getProperty("sled.home"), "models", name);
  }
}
