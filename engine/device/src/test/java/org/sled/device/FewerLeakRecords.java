package org.sled.device;

import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * For tests that touch buffers millions of times: looks for leaks in samples. The detector's other
 * levels keep a record per touch, which would take most of the time.
 */
final class FewerLeakRecords implements BeforeAllCallback, AfterAllCallback {
  private ResourceLeakDetector.Level before;

  @Override
  public void beforeAll(ExtensionContext context) {
    before = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    ResourceLeakDetector.setLevel(before);
  }
}
