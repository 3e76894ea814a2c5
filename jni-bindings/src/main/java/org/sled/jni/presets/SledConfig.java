package org.sled.jni.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Tells JavaCPP how to turn {@code sled.h} into {@code org.sled.jni.SledNative}.
 *
 * <p>Every pointer becomes a {@code long}, the address it holds. So no native makes or takes an
 * object: structs are read and written through named offsets, and a hot call is a few numbers.
 */
@Properties(
    value = @Platform(include = "sled.h"),
    target = "org.sled.jni.SledNative",
    global = "org.sled.jni.SledNative")
@NoException
public class SledConfig implements InfoMapper {
  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("SLED_API", "SLED_H").cppTypes().annotations());
    infoMap.put(new Info("char").cast().valueTypes("byte").pointerTypes("long"));
    infoMap.put(new Info("int32_t").valueTypes("int").cast().pointerTypes("long"));
    infoMap.put(new Info("int64_t").valueTypes("long").cast().pointerTypes("long"));
    for (String struct :
        new String[] {
          "chat_params",
          "device_info",
          "draft_choice",
          "draft_params",
          "engine_info",
          "engine_params",
          "grow_info",
          "grow_params",
          "logit_bias",
          "memory_plan",
          "model_info",
          "model_params",
          "sampling",
          "session_info",
          "slot",
          "step_stats"
        }) {
      infoMap.put(new Info("sled_" + struct).cast().pointerTypes("long").skip());
    }
    // Texts of statuses are those of SledStatus.
    infoMap.put(new Info("sled_status_name").skip());
  }
}
