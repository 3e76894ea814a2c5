/**
 * The {@code sled} command. {@link org.sled.cli.Sled} is its main class; each subcommand is a class
 * named for it, which reads options, calls the library that does the work ({@code org.sled.server},
 * {@code org.sled.device}), and shows what came of it.
 *
 * <p>Results go to stdout, everything else to stderr. Options come before the environment ({@code
 * SLED_*}), that before the configuration file of {@code serve}, and that before the defaults. Exit
 * codes are in {@link org.sled.cli.command.ExitCodes}. Prompts are never logged.
 *
 * <p><b>Threads.</b> Commands run on the main thread; the demo has a thread for each of its
 * devices, {@code serve} one that loads the model and one that talks to systemd, and signals arrive
 * on threads of the JVM, which only set flags and cancel.
 */
package org.sled.cli;
