package org.sled.cli.command;

import java.util.List;
import org.sled.jni.DeviceInfo;
import org.sled.jni.SledLibrary;
import picocli.CommandLine.Option;

/**
 * {@code --require-gpu}: without it a machine without a GPU, or without its driver, computes on the
 * CPU and says so in one warning; an operator who counts on the GPU would rather not start.
 */
public final class GpuRequirement {
  @Option(
      names = "--require-gpu",
      fallbackValue = "true",
      arity = "0..1",
      paramLabel = "true|false",
      hideParamSyntax = true,
      description = "Fail if no GPU can be used, instead of computing on the CPU.")
  private boolean required;

  /**
   * Loads the native libraries if a GPU is required.
   *
   * @param gpuLayers as --gpu-layers says
   */
  public void check(int gpuLayers) {
    if (required && gpuLayers == 0) {
      throw new CommandFailure(
          ExitCodes.USAGE,
          "--require-gpu and --gpu-layers 0 contradict each other: with no layer on the GPU it would"
              + " compute nothing");
    }
    if (required && !hasGpu()) {
      throw new CommandFailure("--require-gpu: no GPU can be used. " + reason());
    }
  }

  public static boolean hasGpu() {
    return SledLibrary.devices().stream().anyMatch(d -> d.type() == DeviceInfo.Type.GPU);
  }

  /** Why there is none, and what to do. */
  static String reason() {
    List<String> problems = SledLibrary.backendProblems();
    if (problems.isEmpty()) {
      return "This build has no GPU backend: take the package for CUDA or Jetson, or build one with"
          + " './sled build linux-x86_64-cuda' or './sled build jetson-orin'";
    }
    return String.join("; ", problems)
        + ". Install NVIDIA's driver and CUDA 12 with cuBLAS, and see whether nvidia-smi finds the"
        + " GPU";
  }
}
