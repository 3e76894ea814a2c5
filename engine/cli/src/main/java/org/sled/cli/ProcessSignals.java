package org.sled.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The signals of this process. The JVM's own answer to SIGINT, its shutdown hooks, will not do: it
 * fixes the exit code, and hears no second Ctrl-C.
 *
 * <p>The API for it, {@code sun.misc.Signal}, is exported by jdk.unsupported and used by every JVM
 * shell, yet javac warns of it in a way that cannot be turned off; hence the reflection. Where it
 * is missing, the JVM's own answer stands.
 */
final class ProcessSignals implements Signals {
  @Override
  public void onSignal(Consumer<Kind> first) {
    AtomicBoolean heard = new AtomicBoolean();
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("handle")) {
            if (heard.compareAndSet(false, true)) {
              boolean terminate = "SIGTERM".equals(String.valueOf(arguments[0]));
              first.accept(terminate ? Kind.TERMINATE : Kind.INTERRUPT);
            } else {
              Runtime.getRuntime().halt(ExitCodes.INTERRUPTED);
            }
            return null;
          }
          return switch (method.getName()) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "sled";
          };
        };
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> signalHandler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              ProcessSignals.class.getClassLoader(), new Class<?>[] {signalHandler}, handler);
      for (String name : new String[] {"INT", "TERM"}) {
        Object number = signal.getConstructor(String.class).newInstance(name);
        var unused = signal.getMethod("handle", signal, signalHandler).invoke(null, number, proxy);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      org.slf4j.LoggerFactory.getLogger(ProcessSignals.class)
          .debug("no signals on this JVM: Ctrl-C ends it at once", e);
    }
  }
}
