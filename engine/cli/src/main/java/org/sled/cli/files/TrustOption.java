package org.sled.cli.files;

import java.nio.file.Path;
import org.sled.jni.ModelParams;
import picocli.CommandLine.Option;

/** Whether model files are opened without being tried in a process of their own first. */
public final class TrustOption {
  @Option(
      names = "--trust-model",
      fallbackValue = "true",
      arity = "0..1",
      paramLabel = "true|false",
      hideParamSyntax = true,
      description =
          "Do not try a model file that was never opened on this machine in a process of its own"
              + " first. Damaged files can end this one then.")
  private boolean trusted;

  public boolean trusted() {
    return trusted;
  }

  /** Opens this file as it says; the demo pair is always trusted. */
  public ModelParams apply(ModelParams params, ModelFiles models, Path file) {
    return models.params(file, params.withTrusted(trusted));
  }
}
