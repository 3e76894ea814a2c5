package org.sled.bench.energy;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.io.IOException;

/**
 * NVIDIA's management library, so much of it as energy needs. The library comes with the driver; it
 * stays loaded when this is closed, as the CUDA backend may use it too.
 *
 * <p>Any thread; calls wait for each other. After {@link #close} they throw, and no native code
 * runs.
 *
 * <p>Source: nvml.h. Every function returns 0 or an error code; energy is in millijoules since the
 * driver was loaded, power in milliwatts.
 */
final class Nvml implements AutoCloseable {
  private static final int SUCCESS = 0;
  private static final int NAME_BYTES = 96; // NVML_DEVICE_NAME_V2_BUFFER_SIZE

  private final NativeLibrary library;
  private boolean closed; // guarded by this

  private Nvml(NativeLibrary library) {
    this.library = library;
  }

  /**
   * Loads and initialises the library.
   *
   * @param name a name like {@code libnvidia-ml.so.1}, or a path
   * @throws IOException if there is none, or it refuses; the message says why
   */
  static Nvml open(String name) throws IOException {
    Nvml nvml;
    try {
      nvml = new Nvml(NativeLibrary.getInstance(name));
    } catch (LinkageError e) { // also if JNA itself cannot be loaded
      throw new IOException(name + " cannot be loaded: is there an NVIDIA driver?", e);
    }
    nvml.call("nvmlInit_v2");
    return nvml;
  }

  int deviceCount() throws IOException {
    IntByReference count = new IntByReference();
    call("nvmlDeviceGetCount_v2", count);
    return count.getValue();
  }

  Pointer device(int index) throws IOException {
    PointerByReference device = new PointerByReference();
    call("nvmlDeviceGetHandleByIndex_v2", index, device);
    return device.getValue();
  }

  String name(Pointer device) throws IOException {
    byte[] name = new byte[NAME_BYTES];
    call("nvmlDeviceGetName", device, name, NAME_BYTES);
    return Native.toString(name);
  }

  long energyMillijoules(Pointer device) throws IOException {
    LongByReference energy = new LongByReference();
    call("nvmlDeviceGetTotalEnergyConsumption", device, energy);
    return energy.getValue();
  }

  long powerMilliwatts(Pointer device) throws IOException {
    IntByReference power = new IntByReference();
    call("nvmlDeviceGetPowerUsage", device, power);
    return Integer.toUnsignedLong(power.getValue());
  }

  private synchronized void call(String function, Object... arguments) throws IOException {
    if (closed) {
      throw new IOException("NVML is closed");
    }
    int code;
    try {
      code = library.getFunction(function).invokeInt(arguments);
    } catch (LinkageError e) {
      throw new IOException("this driver has no " + function, e);
    }
    if (code != SUCCESS) {
      throw new IOException(function + ": " + describe(code));
    }
  }

  private String describe(int code) {
    try {
      Function errorString = library.getFunction("nvmlErrorString");
      return errorString.invokeString(new Object[] {code}, false) + " (" + code + ")";
    } catch (LinkageError e) {
      return "error " + code;
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    try {
      call("nvmlShutdown");
    } catch (IOException e) {
      // It is not used any more, whatever it says.
    }
    closed = true;
  }
}
