/** {@code sled models}, with {@code pull} and {@code grow}. */
package org.sled.cli.models;
