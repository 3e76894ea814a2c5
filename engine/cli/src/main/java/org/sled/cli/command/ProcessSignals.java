package org.sled.cli.command;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.sled.bench.peers.ServerProcess;

/**
 * The signals of this process. The JVM's own answer to SIGINT, its shutdown hooks, will not do: it
 * fixes the exit code, and hears no second Ctrl-C.
 *
 * <p>The API for it, {@code sun.misc.Signal}, is exported by jdk.unsupported and used by every JVM
 * shell, yet javac warns of it in a way that cannot be turned off; hence the reflection. Where it
 * is missing, the JVM's own answer stands. A signal that was ignored when the process began, as
 * nohup does with SIGHUP, stays ignored.
 */
final class ProcessSignals implements Signals {
  @Override
  public void onSignal(Consumer<Kind> first, ToIntFunction<Kind> codeAtOnce) {
    AtomicBoolean heard = new AtomicBoolean();
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          if (method.getName().equals("handle")) {
            Kind kind = kind(String.valueOf(arguments[0]));
            if (heard.compareAndSet(false, true)) {
              first.accept(kind);
            } else {
              end(codeAtOnce.applyAsInt(kind));
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
      for (String name : new String[] {"INT", "TERM", "HUP"}) {
        Object number = signal.getConstructor(String.class).newInstance(name);
        var unused = signal.getMethod("handle", signal, signalHandler).invoke(null, number, proxy);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      org.slf4j.LoggerFactory.getLogger(ProcessSignals.class)
          .debug("no signals on this JVM: Ctrl-C ends it at once", e);
    }
  }

  private static Kind kind(String name) {
    return switch (name) {
      case "SIGTERM" -> Kind.TERMINATE;
      case "SIGHUP" -> Kind.HANGUP;
      default -> Kind.INTERRUPT;
    };
  }

  @Override
  public void endWithin(Duration time, int exitCode) {
    Thread thread =
        new Thread(
            () -> {
              try {
                Thread.sleep(time.toMillis());
                end(exitCode);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // by nobody
              }
            },
            "sled-end");
    thread.setDaemon(true);
    thread.start();
  }

  /** Not System.exit, whose hooks may wait for what hangs; what they would do is done here. */
  private static void end(int exitCode) {
    ServerProcess.killAll();
    Runtime.getRuntime().halt(exitCode);
  }
}
