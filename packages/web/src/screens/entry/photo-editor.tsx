/** A photo: chosen, cut to what matters, and made small enough for a directory. */

import type { Value } from "@espalier/manager/api";
import { Button, FileButton, Group, Image, Modal, Stack } from "@mantine/core";
import { useRef, useState } from "react";
import ReactCrop, { centerCrop, makeAspectCrop, type PercentCrop } from "react-image-crop";
import "react-image-crop/dist/ReactCrop.css";
import { base64Of } from "./value-editor.tsx";

export interface PhotoEditorProps {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

const side = 400;
const quality = 0.85;

export function PhotoEditor({ label, value, onChange }: PhotoEditorProps) {
  const [source, setSource] = useState<string>();
  const [crop, setCrop] = useState<PercentCrop>({ unit: "%", x: 10, y: 10, width: 80, height: 80 });
  const image = useRef<HTMLImageElement>(null);
  const close = () => {
    if (source !== undefined) URL.revokeObjectURL(source);
    setSource(undefined);
  };
  const take = async () => {
    if (image.current === null) return;
    onChange({ base64: await base64Of(await cut(image.current, crop)) });
    close();
  };
  return (
    <Group gap="sm" align="flex-end">
      {typeof value === "object" && "base64" in value && (
        <Image src={`data:image/jpeg;base64,${value.base64}`} alt={label} w={96} radius="md" />
      )}
      <FileButton accept="image/*" onChange={(file) => file !== null && setSource(URL.createObjectURL(file))}>
        {(props) => (
          <Button size="compact-sm" variant="default" aria-label={`Choose a photo for ${label}`} {...props}>
            Choose a photo…
          </Button>
        )}
      </FileButton>
      {value !== "" && (
        <Button size="compact-sm" variant="subtle" color="red" onClick={() => onChange("")}>
          Remove
        </Button>
      )}
      <Modal opened={source !== undefined} onClose={close} title="Choose what is seen of the photo" size="lg">
        <Stack>
          <ReactCrop crop={crop} onChange={(_, next) => setCrop(next)} aspect={1} keepSelection>
            <img
              ref={image}
              src={source}
              alt=""
              style={{ maxWidth: "100%", maxHeight: "60dvh" }}
              onLoad={({ currentTarget: { width, height } }) => {
                const square = makeAspectCrop({ unit: "%", width: 80 }, 1, width, height);
                setCrop(centerCrop(square, width, height));
              }}
            />
          </ReactCrop>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button onClick={() => void take()}>Use it</Button>
          </Group>
        </Stack>
      </Modal>
    </Group>
  );
}

/** A JPEG of the part, at most 400 pixels wide and high. */
function cut(image: HTMLImageElement, crop: PercentCrop): Promise<Blob> {
  const { naturalWidth, naturalHeight } = image;
  const width = (crop.width / 100) * naturalWidth;
  const height = (crop.height / 100) * naturalHeight;
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const [x, y] = [(crop.x / 100) * naturalWidth, (crop.y / 100) * naturalHeight];
  canvas.getContext("2d")?.drawImage(image, x, y, width, height, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob === null ? reject(new Error("The photo could not be made.")) : resolve(blob)),
      "image/jpeg",
      quality,
    );
  });
}
