package org.sled.jni;

import org.sled.jni.SledLayout.DeviceInfoStruct;

/**
 * A compute device that the backends found.
 *
 * @param name for example {@code CPU} or {@code CUDA0}
 * @param description for example the processor's name
 * @param backend the library that serves it
 * @param features instruction sets in use, space separated
 */
public record DeviceInfo(
    Type type,
    String name,
    String description,
    String backend,
    String features,
    long memoryFreeBytes,
    long memoryTotalBytes) {

  /** Kinds of devices. */
  public enum Type {
    CPU,
    GPU,
    OTHER
  }

  static DeviceInfo read(Scratch struct) {
    Type type =
        switch (struct.getInt(DeviceInfoStruct.TYPE)) {
          case SledNative.SLED_DEVICE_CPU -> Type.CPU;
          case SledNative.SLED_DEVICE_GPU -> Type.GPU;
          default -> Type.OTHER;
        };
    return new DeviceInfo(
        type,
        struct.textField(DeviceInfoStruct.NAME, DeviceInfoStruct.NAME_CAPACITY),
        struct.textField(DeviceInfoStruct.DESCRIPTION, DeviceInfoStruct.DESCRIPTION_CAPACITY),
        struct.textField(DeviceInfoStruct.BACKEND, DeviceInfoStruct.BACKEND_CAPACITY),
        struct.textField(DeviceInfoStruct.FEATURES, DeviceInfoStruct.FEATURES_CAPACITY),
        struct.getLong(DeviceInfoStruct.MEMORY_FREE_BYTES),
        struct.getLong(DeviceInfoStruct.MEMORY_TOTAL_BYTES));
  }
}
