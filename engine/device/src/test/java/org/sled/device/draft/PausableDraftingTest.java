package org.sled.device.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sled.core.draft.DraftLengthPolicy;

class PausableDraftingTest {
  private final List<Method> asked = new ArrayList<>();
  private final PausableDrafting drafting =
      new PausableDrafting(
          (DraftLengthPolicy)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {DraftLengthPolicy.class},
                  (proxy, method, arguments) -> {
                    asked.add(method);
                    return some(method.getReturnType());
                  }));

  @Test
  void asksThePolicyForEverything() throws ReflectiveOperationException {
    for (Method method : DraftLengthPolicy.class.getMethods()) {
      Object[] arguments = new Object[method.getParameterCount()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = some(method.getParameterTypes()[i]);
      }
      assertEquals(some(method.getReturnType()), method.invoke(drafting, arguments));
      assertEquals(List.of(method), asked, "what it was asked for");
      asked.clear();
    }
  }

  @Test
  void draftsNothingWhilePaused() {
    drafting.pause(true);
    assertEquals(0, drafting.next(new float[1], 0, 0, 8));
    assertEquals(1, drafting.window());
    assertFalse(drafting.wantsTrial());
    assertFalse(drafting.draftsAhead(new float[1], 0, 0, 8, 0));
    drafting.pause(false);
    assertEquals(some(int.class), drafting.next(new float[1], 0, 0, 8));
  }

  private static Object some(Class<?> type) {
    if (type == int.class) {
      return 7;
    } else if (type == long.class) {
      return 7L;
    } else if (type == float.class) {
      return 7f;
    } else if (type == double.class) {
      return 7d;
    } else if (type == boolean.class) {
      return true;
    }
    return null;
  }
}
